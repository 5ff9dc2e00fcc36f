import Shared

extension PlatformTimeouts {
    init(_ settings: inout Settings) {
        http.connect = settings.seconds(
            "UPSTREAM_CONNECT_TIMEOUT", default: 5, in: 0.1...60,
            "To connect to a platform.")
        http.firstByte = settings.seconds(
            "UPSTREAM_FIRST_BYTE_TIMEOUT", default: 120, in: 0.1...3600,
            "Until the first byte of an answer, its head aside; reasoning models are slow to begin.")
        http.idle = settings.seconds(
            "UPSTREAM_IDLE_TIMEOUT", default: 30, in: 0.1...3600,
            "Silence within a stream after which the platform is given up; a model's `idle_timeout` replaces it.")
        thinkingIdle = settings.seconds(
            "UPSTREAM_THINKING_IDLE_TIMEOUT", default: 120, in: 0.1...3600,
            "The same for models with the capability `reasoning`, if that is longer.")
        http.total = settings.seconds(
            "UPSTREAM_TOTAL_TIMEOUT", default: 600, in: 0.1...86_400,
            "A whole answer.")
    }
}
