import Shared

extension FailurePolicy {
    init(_ settings: inout Settings) {
        maxAttempts = settings.int(
            "MAX_ATTEMPTS", default: 6, in: 1...100,
            "Attempts of one request after which a failing platform is not tried again; rate limits are waited for beyond it."
        )
        backoff = settings.seconds(
            "RETRY_BACKOFF", default: 0.5, in: 0.01...60,
            "First pause when all routes have failed; doubles, with full jitter.")
        maxBackoff = settings.seconds(
            "RETRY_BACKOFF_MAX", default: 30, in: 0.01...3600,
            "Longest such pause.")
    }
}
