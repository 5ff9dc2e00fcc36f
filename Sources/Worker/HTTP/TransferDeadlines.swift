/// Tells which time limit an exchange has passed.
///
/// Pure: the loop thread reports events and asks. Only the limit for connecting is curl's, since only curl knows when a
/// connection is made.
struct TransferDeadlines {
    private let timeouts: HTTPTimeouts
    private let started: ContinuousClock.Instant
    private var lastByte: ContinuousClock.Instant?

    init(_ timeouts: HTTPTimeouts, now: ContinuousClock.Instant) {
        self.timeouts = timeouts
        started = now
    }

    /// Called for each part of the body, and when a reader resumes a paused body.
    mutating func heard(_ now: ContinuousClock.Instant) { lastByte = now }

    func passed(_ now: ContinuousClock.Instant, isPaused: Bool) -> HTTPError? {
        if now - started > timeouts.total { return HTTPError(.timeoutTotal, "the whole exchange took too long") }
        guard let lastByte else {
            return now - started > timeouts.firstByte ? HTTPError(.timeoutFirstByte, "no answer in time") : nil
        }
        guard !isPaused, now - lastByte > timeouts.idle else { return nil }
        return HTTPError(.timeoutIdle, "the answer stopped coming")
    }
}
