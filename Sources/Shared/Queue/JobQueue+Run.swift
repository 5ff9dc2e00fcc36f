/// START, APPEND, FINISH, ABORT, NEXT, RETRY LATER, RENEW, RESYNC: what a worker does with an attempt it holds.
extension JobQueue {
    package enum Start: String, Sendable {
        case started
        /// Ours, but the request ended meanwhile: call `abort`.
        case endedMine = "ended mine"
        /// Ours, but the lease was lost before the reply came: call `abort`. No platform was called.
        case lostMine = "lost mine"
        /// Ended or a duplicate; the queue is in order, nothing is left to do.
        case dropped
        /// Somebody else runs it: walk away.
        case lost
    }

    /// Writes the start record; `usage` is the ledger row a reaper bills with if this worker dies.
    package func start(_ attempt: Attempt, usage: [UInt8]) async throws(RedisError) -> Start {
        try await persist { () async throws(RedisError) in
            try await verdict(
                QueueScripts.start, keys: [keys.log(attempt.id), keys.queue(attempt.lane), keys.usage],
                args: [
                    .int(attempt.number), .string(attempt.worker), .string(attempt.entry), .int(attempt.deliveries),
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

    /// Writes delta `seq` (from 1, without gaps) and tells the waiting shim.
    package func append(
        _ attempt: Attempt, seq: Int, payload: [UInt8], tokens: Int
    ) async throws(RedisError) -> Append {
        try await persist { () async throws(RedisError) in
            try await verdict(
                QueueScripts.append, keys: [keys.log(attempt.id)],
                args: [
                    .string(attempt.logID(seq)), .string(attempt.logID(seq - 1)), .string(attempt.worker),
                    .bytes(payload), .int(tokens), .string(attempt.id), .string(attempt.channel),
                ])
        }
    }

    /// How a request ends.
    package struct End: Sendable {
        package enum Status: String, Sendable { case done, error, cancelled }
        package var status: Status
        /// One line of JSON: usage, route, cost, attempts (`AnswerMeta`).
        package var meta: [UInt8]
        /// The completion body, or the failure as JSON; empty for a stream that ended well.
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
        try await persist { () async throws(RedisError) in
            try await verdict(
                QueueScripts.finish, keys: [keys.log(attempt.id), keys.queue(attempt.lane), keys.usage],
                args: [
                    .int(attempt.number), .string(attempt.worker), .string(attempt.entry), .int(attempt.deliveries),
                    .string(attempt.logID(lastSeq)), .int(keepLog.milliseconds), .string(attempt.channel),
                    .string(attempt.id), .string(end.status.rawValue), .bytes(end.meta), .bytes(end.result),
                    .bytes(usage),
                ])
        }
    }

    package enum Abort: String, Sendable { case ended, open }

    /// Gives an attempt up; it is billed, and somebody else may run the request.
    package func abort(_ attempt: Attempt, usage: [UInt8]) async throws(RedisError) -> Abort {
        try await persist { () async throws(RedisError) in
            try await verdict(
                QueueScripts.abort, keys: [keys.log(attempt.id), keys.queue(attempt.lane), keys.usage],
                args: [
                    .int(attempt.number), .string(attempt.worker), .string(attempt.entry), .int(attempt.deliveries),
                    .string(attempt.id), .bytes(usage),
                ])
        }
    }

    package enum Next: String, Sendable { case started, ended, fenced }

    /// Bills an attempt that failed before any text and starts `attempt.next` within the same claim.
    ///
    /// `neverCalled` is the row of a next attempt whose reply came after its lease was lost; `nextUsage` where it is `nil`.
    package func next(
        after attempt: Attempt, usage: [UInt8], nextUsage: [UInt8], neverCalled: [UInt8]? = nil
    ) async throws(RedisError) -> Next {
        try await persist { () async throws(RedisError) in
            try await verdict(
                QueueScripts.next, keys: [keys.log(attempt.id), keys.queue(attempt.lane), keys.usage],
                args: [
                    .int(attempt.number), .string(attempt.worker), .string(attempt.entry), .int(attempt.deliveries),
                    .string(attempt.id), .bytes(usage), .bytes(nextUsage),
                    .int(runningTTL(deadline: attempt.deadline)), .int(Int(attempt.token)),
                    .bytes(neverCalled ?? nextUsage),
                ])
        }
    }

    package enum Delay: String, Sendable { case delayed, ended, fenced }

    /// Bills an attempt and puts its request aside until `due` (milliseconds since 1970).
    ///
    /// `trail`: the attempts so far, as `AnswerMeta.Attempt` encodes them, for the answer that comes after the wait.
    package func retryLater(
        _ attempt: Attempt, usage: [UInt8], due: Int64, trail: [UInt8] = []
    ) async throws(RedisError) -> Delay {
        let ttl = max(0, due - clock.now) + runningTTL(deadline: attempt.deadline)
        return try await persist { () async throws(RedisError) in
            try await verdict(
                QueueScripts.retryLater,
                keys: [
                    keys.log(attempt.id), keys.queue(attempt.lane), keys.usage, keys.delayed, keys.held(attempt.id),
                ],
                args: [
                    .int(attempt.number), .string(attempt.worker), .string(attempt.entry), .int(attempt.deliveries),
                    .string(attempt.id), .bytes(usage), .int(due), .string(attempt.lane.rawValue), .int(ttl),
                    .int(attempt.deadline),
                    .bytes(trail),
                ])
        }
    }

    /// Jobs renewed in one call at most: Redis answers nobody else meanwhile, and 512 took it 3 to 5 ms.
    package static let renewBatch = 128

    /// Extends the leases of all `attempts`, which belong to one worker; returns those that are lost.
    ///
    /// Not repeated here: the caller renews again after a third of the lease anyway.
    package func renew(_ attempts: [Attempt]) async throws(RedisError) -> [Attempt] {
        var lost: [Attempt] = []
        for start in stride(from: 0, to: attempts.count, by: Self.renewBatch) {
            lost += try await renewTogether(attempts[start..<min(start + Self.renewBatch, attempts.count)])
        }
        return lost
    }

    private func renewTogether(_ attempts: ArraySlice<Attempt>) async throws(RedisError) -> [Attempt] {
        guard let worker = attempts.first?.worker else { return [] }
        let reply = try await redis.evaluate(
            QueueScripts.renew, keys: attempts.flatMap { [keys.queue($0.lane), keys.log($0.id)] },
            args: [.string(worker)]
                + attempts.flatMap { attempt -> [RedisArgument] in
                    [.string(attempt.entry), .int(attempt.deliveries), .int(runningTTL(deadline: attempt.deadline))]
                })
        guard let held = reply.array, held.count == attempts.count else {
            throw RedisError(.protocolViolation, "RENEW answered for another number of jobs")
        }
        return zip(attempts, held).filter { $1.int != 1 }.map(\.0)
    }

    package enum Resync: Sendable, Equatable {
        /// The log holds this attempt up to `seq`: replay what is missing.
        case held(seq: Int)
        /// The start record is gone: `start` again, then replay from 1.
        case unstarted
        case ended
        case lost
    }

    package func resync(_ attempt: Attempt) async throws(RedisError) -> Resync {
        let reply = try await persist { () async throws(RedisError) in
            try await redis.send(Self.resyncCommand(attempt, keys))
        }
        return Resync(reply)
    }

    /// RESYNC as one command that needs no script cache: it is sent to servers that have just started.
    package static func resyncCommand(_ attempt: Attempt, _ keys: QueueKeys) -> RedisCommand {
        QueueScripts.resync.command(
            keys: [keys.log(attempt.id), keys.queue(attempt.lane)],
            arguments: RedisArguments([
                .int(attempt.number), .string(attempt.worker), .string(attempt.entry), .int(attempt.deliveries),
            ]), isCached: false)
    }
}

extension JobQueue.Resync {
    package init(_ reply: RedisValue) {
        switch (reply.array?.first?.string, reply.array?.last?.int) {
        case ("held", let seq?): self = .held(seq: Int(seq))
        case ("unstarted", _): self = .unstarted
        case ("ended", _): self = .ended
        default: self = .lost
        }
    }
}
