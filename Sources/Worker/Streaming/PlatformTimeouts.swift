import Shared

/// Chooses the time limits of a call by model and kind of answer.
///
/// Silence is the time between any two bytes, comments and pings included. A server that only says "still processing"
/// is alive, and `total` ends its answer.
struct PlatformTimeouts: Sendable {
    var http = HTTPTimeouts()
    /// Silence within the stream of a reasoning model, in place of `http.idle`.
    var thinkingIdle = Duration.seconds(120)

    /// `model` is `nil` for tokens and pings.
    func limits(_ model: Model?, isStream: Bool, timeLeft: Duration) -> HTTPTimeouts {
        var limits = http
        limits.total = min(http.total, max(.milliseconds(1), timeLeft))
        // A document is written when the answer is complete, so it may pause after a first blank as long as before it.
        limits.idle = isStream ? idle(model) : max(http.idle, http.firstByte)
        return limits
    }

    private func idle(_ model: Model?) -> Duration {
        guard let model else { return http.idle }
        if let seconds = model.idleTimeout { return .seconds(seconds) }
        return model.capabilities.thinks ? max(http.idle, thinkingIdle) : http.idle
    }
}
