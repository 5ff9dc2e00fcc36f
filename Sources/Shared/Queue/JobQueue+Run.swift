/// START, APPEND, FINISH and ABORT: an attempt from its start to its end.
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
        try await move(
            QueueScripts.start, keysOfRun(attempt),
            attempt.numberedOwnership + [
                .int(runningTTL(deadline: attempt.deadline)), .bytes(usage), .string(attempt.channel),
                .int(Int(attempt.token)), .string(attempt.id),
            ])
    }

    package enum Append: String, Sendable {
        case ok, ended, fenced
        /// Redis has lost earlier deltas: `resync`, then replay.
        case behind
    }

    /// Writes delta `seq` (from 1, without gaps) and publishes it to the waiting shim.
    ///
    /// Deltas of one moment share one call.
    package func append(
        _ attempt: Attempt, seq: Int, payload: [UInt8], tokens: Int
    ) async throws(RedisError) -> Append {
        let delta = Delta(log: keys.log(attempt.id), attempt: attempt, seq: seq, payload: payload, tokens: tokens)
        let reply = try await persist { () async throws(RedisError) in
            let reply = try await appends.answer(to: delta)
            try reply.throwIfError()
            return reply
        }
        return try Self.word(reply)
    }

    /// A delta on its way to its log.
    struct Delta: Sendable {
        let log: String
        let attempt: Attempt
        let seq: Int
        let payload: [UInt8]
        let tokens: Int
    }

    /// The answers are verdicts of APPEND, or errors of one delta.
    typealias Appends = RedisBatcher<Delta, RedisValue>

    static func appends(_ redis: RedisClient) -> Appends {
        // Chosen: some milliseconds in Redis, whose other callers wait meanwhile.
        Appends(most: 256, mostBytes: 1 << 20, bytes: { $0.payload.count }, gathers: true) {
            deltas throws(RedisError) in
            var arguments = RedisArguments(capacity: deltas.reduce(0) { $0 + $1.payload.count + 256 })
            for delta in deltas {
                let attempt = delta.attempt
                arguments.append(.string(attempt.logID(delta.seq)))
                arguments.append(.string(attempt.logID(delta.seq - 1)))
                arguments.append(.string(attempt.worker))
                arguments.append(.bytes(delta.payload))
                arguments.append(.int(delta.tokens))
                arguments.append(.string(attempt.id))
                arguments.append(.string(attempt.channel))
            }
            let reply = try await redis.evaluate(
                QueueScripts.append, keys: deltas.map(\.log), arguments: arguments)
            guard let verdicts = reply.array, verdicts.count == deltas.count else {
                throw RedisError(.protocolViolation, "APPEND answered for another number of deltas")
            }
            return verdicts
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
        try await move(
            QueueScripts.finish, keysOfRun(attempt),
            attempt.numberedOwnership + [
                .string(attempt.logID(lastSeq)), .int(keepLog.milliseconds), .string(attempt.channel),
                .string(attempt.id), .string(end.status.rawValue), .bytes(end.meta), .bytes(end.result),
                .bytes(usage),
            ])
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
