import Shared

/// How long a platform may take, by what is asked of which model (pure).
///
/// Silence is measured between any two bytes, comments and pings included: a server that says "still processing" is alive,
/// and `total` ends what says nothing else.
struct PlatformTimeouts: Sendable {
    var http = HTTPTimeouts()
    /// Silence within the stream of a model that thinks, in place of `http.idle`.
    var thinkingIdle = Duration.seconds(120)

    /// `model` is `nil` where no model is asked: for tokens and pings.
    func limits(_ model: Model?, isStream: Bool, timeLeft: Duration) -> HTTPTimeouts {
        var limits = http
        limits.total = min(http.total, max(.milliseconds(1), timeLeft))
        // A document is written when the answer is complete: it may be as silent after a first blank as before it.
        limits.idle = isStream ? idle(model) : max(http.idle, http.firstByte)
        return limits
    }

    private func idle(_ model: Model?) -> Duration {
        guard let model else { return http.idle }
        if let seconds = model.idleTimeout { return .seconds(seconds) }
        return model.capabilities.thinks ? max(http.idle, thinkingIdle) : http.idle
    }
}
