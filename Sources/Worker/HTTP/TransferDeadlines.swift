/// Which of our own time limits an exchange has passed. Pure; connect and total limits are curl's.
struct TransferDeadlines {
    private let timeouts: HTTPTimeouts
    private let started: ContinuousClock.Instant
    private var lastByte: ContinuousClock.Instant?

    init(_ timeouts: HTTPTimeouts, now: ContinuousClock.Instant) {
        self.timeouts = timeouts
        started = now
    }

    /// Something of the answer has come, or its reader has let it go on.
    mutating func heard(_ now: ContinuousClock.Instant) { lastByte = now }

    func passed(_ now: ContinuousClock.Instant, isPaused: Bool) -> HTTPError? {
        guard let lastByte else {
            return now - started > timeouts.firstByte ? HTTPError(.timeoutFirstByte, "no answer in time") : nil
        }
        guard !isPaused, now - lastByte > timeouts.idle else { return nil }
        return HTTPError(.timeoutIdle, "the answer stopped coming")
    }
}
