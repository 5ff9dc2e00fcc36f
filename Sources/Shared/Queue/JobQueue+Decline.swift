/// RELEASE, POSTPONE, REFUSE and BURY: the end of a claim without an attempt.
extension JobQueue {
    package enum Release: String, Sendable { case released, kept }

    /// Hands a claimed, unstarted entry to the next worker.
    ///
    /// The attempt is not counted.
    package func release(_ attempt: Attempt, attemptsBefore: Int) async throws(RedisError) -> Release {
        try await move(
            QueueScripts.release, [keys.log(attempt.id), keys.queue(attempt.lane)],
            attempt.ownership + [.int(attemptsBefore), .int(attempt.deadline)])
    }

    package enum Postponement: String, Sendable { case delayed, lost }

    /// Puts an entry aside that was not started here, until `due` (milliseconds since 1970).
    ///
    /// Nothing is counted or billed.
    ///
    /// For an entry of a newer version, and for a request that every account is too busy to take.
    package func postpone(_ attempt: Attempt, due: Int64) async throws(RedisError) -> Postponement {
        let ttl = max(0, due - clock.now) + max(runningTTL(deadline: attempt.deadline), limits.jobLogTTL.milliseconds)
        return try await move(
            QueueScripts.postpone, [keys.queue(attempt.lane), keys.delayed, keys.held(attempt.id)],
            attempt.ownership + [
                .string(attempt.id), .int(due), .string(attempt.lane.rawValue), .int(ttl),
                .string(attempt.deadline > 0 ? "\(attempt.deadline)" : ""),
            ])
    }

    package enum Refusal: String, Sendable { case ok, lost, ended, duplicate }

    /// Ends a request that cannot be run, without an attempt.
    ///
    /// `deadLetter` also keeps the entry for people to look at. `isTracked` says for how long the end is kept, as it
    /// does for an answer.
    package func refuse(
        _ attempt: Attempt, attemptsBefore: Int, with failure: JobFailure, isTracked: Bool = false,
        deadLetter: String? = nil
    ) async throws(RedisError) -> Refusal {
        try await move(
            QueueScripts.refuse, [keys.log(attempt.id), keys.queue(attempt.lane), keys.usage, keys.dead],
            attempt.ownership + [
                .int(attemptsBefore), .string(attempt.id), .int(limits.logTTL(isTracked: isTracked).milliseconds),
                .string(attempt.channel), "{}", .bytes(failure.encoded), .string(deadLetter ?? ""),
                .int(limits.maxDeadLetters),
            ])
    }

    /// Moves an entry without a usable id to the dead letters.
    package func bury(_ entry: Entry, worker: String, reason: String) async throws(RedisError) {
        _ = try await reply(
            to: QueueScripts.bury, [keys.queue(entry.lane), keys.dead],
            [
                .string(worker), .string(entry.entry), .int(entry.deliveries), .string(reason),
                .int(limits.maxDeadLetters),
            ])
    }
}
