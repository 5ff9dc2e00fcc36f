/// NEXT and RETRY LATER: another attempt, within the same claim or after a wait.
extension JobQueue {
    package enum Next: String, Sendable { case started, ended, fenced }

    /// Bills an attempt that failed before any text and starts `attempt.next` within the same claim.
    ///
    /// `neverCalled` is the row of a next attempt whose reply came after its lease was lost, by default `nextUsage`.
    package func next(
        after attempt: Attempt, usage: [UInt8], nextUsage: [UInt8], neverCalled: [UInt8]? = nil
    ) async throws(RedisError) -> Next {
        try await move(
            QueueScripts.next, keysOfRun(attempt),
            attempt.numberedOwnership + [
                .string(attempt.id), .bytes(usage), .bytes(nextUsage), .int(runningTTL(deadline: attempt.deadline)),
                .int(Int(attempt.token)), .bytes(neverCalled ?? nextUsage),
            ])
    }

    package enum Delay: String, Sendable { case delayed, ended, fenced }

    /// Bills an attempt and puts its request aside until `due` (milliseconds since 1970).
    ///
    /// `trail` has the attempts so far, as `AnswerMeta.Attempt` encodes them, for the answer that comes after the wait.
    package func retryLater(
        _ attempt: Attempt, usage: [UInt8], due: Int64, trail: [UInt8] = []
    ) async throws(RedisError) -> Delay {
        let ttl = max(0, due - clock.now) + runningTTL(deadline: attempt.deadline)
        return try await move(
            QueueScripts.retryLater, keysOfRun(attempt) + [keys.delayed, keys.held(attempt.id)],
            attempt.numberedOwnership + [
                .string(attempt.id), .bytes(usage), .int(due), .string(attempt.lane.rawValue), .int(ttl),
                .int(attempt.deadline), .bytes(trail),
            ])
    }
}
