import Shared

/// Limits of a caller's silence on its connection.
struct CallerTimeouts: Sendable {
    var writing = Duration.seconds(60)
    var idle = Duration.seconds(75)
    /// Chosen: the largest body at half a megabit a second, and what Node.js gives a request.
    var body = Duration.seconds(300)

    init() {}

    init(_ settings: inout Settings) {
        writing = settings.seconds(
            "WRITE_TIMEOUT", default: 60, in: 1...3600, "A caller that takes no bytes for this long is disconnected.")
        idle = settings.seconds(
            "IDLE_TIMEOUT", default: 75, in: 1...3600,
            "Idle keep-alive connections are closed after this; longer than the 60 s of common load balancers. So is one on which a body stalls for this long, without an answer."
        )
        body = settings.seconds(
            "BODY_TIMEOUT", default: 300, in: 1...3600,
            "How long the body of a request may take to arrive; then 408.")
    }
}
