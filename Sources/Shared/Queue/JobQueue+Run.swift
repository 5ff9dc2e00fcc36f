/// START, APPEND, FINISH and ABORT: an attempt from its start to its end.
///
/// But for ABORT, which is rare, those of one moment share a call (`QueueMoves`).
extension JobQueue {
    package enum Start: String, Sendable {
        case started
        /// Ours, but the request ended meanwhile: call `abort`.
        case endedMine = "ended mine"
        /// Ours, but the lease was lost before the reply came: call `abort`.
        ///
        /// No platform was called.
        case lostMine = "lost mine"
        /// Ended or a duplicate.
        ///
        /// The queue is in order, nothing is left to do.
        case dropped
        /// Somebody else runs it: walk away.
        case lost
    }

    /// Writes the start record.
    ///
    /// `usage` is the ledger row a reaper bills with if this worker dies.
    package func start(_ attempt: Attempt, usage: [UInt8]) async throws(RedisError) -> Start {
        try await verdict(of: moves.starts) {
            QueueMove(
                keysOfRun(attempt),
                attempt.numberedOwnership + [
                    .int(runningTTL(deadline: attempt.deadline)), .bytes(usage), .string(attempt.channel),
                    .int(Int(attempt.token)), .string(attempt.id),
                ])
        }
    }

    package enum Append: String, Sendable {
        case ok, ended, fenced
        /// Redis has lost earlier deltas: `resync`, then replay.
        case behind
    }

    /// Writes delta `seq` (from 1, without gaps) and publishes it to the waiting shim.
    package func append(
        _ attempt: Attempt, seq: Int, payload: [UInt8], tokens: Int
    ) async throws(RedisError) -> Append {
        try await verdict(of: moves.appends) {
            QueueMove(
                [keys.log(attempt.id)],
                [
                    .string(attempt.logID(seq)), .string(attempt.logID(seq - 1)), .string(attempt.worker),
                    .bytes(payload), .int(tokens), .string(attempt.id), .string(attempt.channel),
                ])
        }
    }

    /// The end of a request.
    package struct End: Sendable {
        package enum Status: String, Sendable { case done, error, cancelled }
        package var status: Status
        /// One line of JSON: usage, route, cost, attempts (`AnswerMeta`).
        package var meta: [UInt8]
        /// The completion body, or the failure as JSON.
        ///
        /// Empty for a stream that ended well.
        package var result: [UInt8]

        package init(status: Status, meta: [UInt8], result: [UInt8]) {
            self.status = status
            self.meta = meta
            self.result = result
        }
    }

    package enum Finish: String, Sendable { case ok, behind, ended, fenced }

    /// Ends the request: log end, ledger row, queue entry and the shim's message in one step.
    package func finish(
        _ attempt: Attempt, lastSeq: Int, end: End, usage: [UInt8], keepLog: Duration
    ) async throws(RedisError) -> Finish {
        try await verdict(of: moves.finishes) {
            QueueMove(
                keysOfRun(attempt),
                attempt.numberedOwnership + [
                    .string(attempt.logID(lastSeq)), .int(keepLog.milliseconds), .string(attempt.channel),
                    .string(attempt.id), .string(end.status.rawValue), .bytes(end.meta), .bytes(end.result),
                    .bytes(usage),
                ])
        }
    }

    package enum Abort: String, Sendable { case ended, open }

    /// Gives an attempt up.
    ///
    /// It is billed, and somebody else may run the request.
    package func abort(_ attempt: Attempt, usage: [UInt8]) async throws(RedisError) -> Abort {
        try await move(
            QueueScripts.abort, keysOfRun(attempt),
            attempt.numberedOwnership + [.string(attempt.id), .bytes(usage)])
    }

    /// The keys of most moves of an attempt: log, lane, outbox.
    func keysOfRun(_ attempt: Attempt) -> [String] {
        [keys.log(attempt.id), keys.queue(attempt.lane), keys.usage]
    }
}
