/// REAP: taking over entries whose worker has not renewed for a lease.
extension JobQueue {
    /// The place where the search of each lane's pending list goes on.
    ///
    /// Keep it between calls, or an expired entry behind many healthy ones is never found.
    package struct ReapCursor: Sendable {
        var next: [Lane: String] = [:]
        package init() {}

        /// True when the last call came to the end of the lane's pending list.
        package func isAtEnd(of lane: Lane) -> Bool { next[lane] ?? "0-0" == "0-0" }
    }

    /// Takes over expired entries of one lane, at most `limit`.
    ///
    /// Each must be given to `reap` at once.
    ///
    /// Never a busy cursor walk: one call looks at ten times `limit` entries at most (Redis' own rule).
    package func takeExpired(
        lane: Lane, worker: String, limit: Int, cursor: inout ReapCursor
    ) async throws(RedisError) -> [Entry] {
        let reply = try await redis.send(
            RedisCommand(
                "XAUTOCLAIM", .string(keys.queue(lane)), .string(QueueKeys.group), .string(worker),
                .int(limits.lease.milliseconds), .string(cursor.next[lane] ?? "0-0"), "COUNT", .int(limit)))
        guard let parts = reply.array, parts.count >= 2, let next = parts[0].string, let entries = parts[1].array else {
            throw RedisError(.protocolViolation, "XAUTOCLAIM answered in an unknown shape")
        }
        cursor.next[lane] = Ablation.reaperCursor.isBroken ? "0-0" : next
        return entries.compactMap { Entry(lane: lane, $0) }
    }

    /// Number of deliveries of an entry, or `nil` if it is not (or no longer) this worker's.
    package func deliveries(of entry: Entry, worker: String) async throws(RedisError) -> Int? {
        let ask = RedisCommand(
            "XPENDING", .string(keys.queue(entry.lane)), .string(QueueKeys.group), .string(entry.entry),
            .string(entry.entry), "1")
        // Repeated: without an answer the entry just taken over would wait for the next reaper, a lease later.
        let reply = try await persist { () async throws(RedisError) in try await redis.send(ask) }
        guard let row = reply.array?.first?.array, row.count == 4, row[1].string == worker else { return nil }
        return row[3].int.map(Int.init)
    }

    package enum Reap: Sendable, Equatable {
        /// A new attempt was started for this worker: run it.
        case run(number: Int, deliveries: Int)
        case lost, ended, duplicate, poison, workerLost
    }

    /// Decides about one entry that `takeExpired` returned.
    ///
    /// `usage` is the ledger row of the attempt that would start. The dead attempt's row is in its start record.
    package func reap(_ claim: Claim, usage: [UInt8]) async throws(RedisError) -> Reap {
        let job = claim.job
        let verdict = Reap(
            try await reply(
                to: QueueScripts.reap, [keys.log(job.id), keys.queue(job.lane), keys.usage, keys.dead],
                reapArguments(claim, usage)))
        if verdict == .poison { try await keepBody(of: job) }
        return verdict
    }

    private func reapArguments(_ claim: Claim, _ usage: [UInt8]) -> [RedisArgument] {
        let (attempt, job) = (claim.attempt, claim.job)
        let poison = JobFailure(
            .poison, "the request was delivered \(limits.maxDeliveries) times and its workers died; it is a dead letter"
        )
        let lost = JobFailure(.workerLost, "the worker was lost after a part of the answer was delivered")
        return [
            .string(attempt.worker), .string(attempt.entry), .int(job.attemptsBefore), .string(job.id),
            .int(runningTTL(deadline: job.deadline)), .int(limits.logTTL(of: job).milliseconds),
            .string(attempt.channel), .bytes(usage), .int(limits.maxDeliveries),
            .string(job.onWorkerLoss.rawValue), "{}", .bytes(poison.encoded), .bytes(lost.encoded),
            .int(limits.maxDeadLetters), .int(Int(attempt.token)), .int(job.deathsBefore),
        ]
    }
}

extension JobQueue.Reap {
    fileprivate init(_ reply: RedisValue) {
        let parts = reply.array ?? []
        self =
            switch parts.first?.string {
            case "run": Self.started(parts) ?? .lost
            case "ended": .ended
            case "duplicate": .duplicate
            case "poison": .poison
            case "worker_lost": .workerLost
            default: .lost
            }
    }

    private static func started(_ parts: [RedisValue]) -> JobQueue.Reap? {
        guard parts.count == 3, let number = parts[1].int, let deliveries = parts[2].int else { return nil }
        return .run(number: Int(number), deliveries: Int(deliveries))
    }
}
