/// RELEASE and what keeps the queue in order: groups, refusals, waiting jobs. CLAIM stands in `JobQueue+Order`.
extension JobQueue {
    /// A claimed entry, before and after reading it.
    package struct Entry: Sendable {
        package let lane: Lane
        package let entry: String
        package let fields: [RedisValue]
        /// 1 for a new entry; a reaped one has more.
        package var deliveries = 1

        /// The time in the entry's ID: when it was enqueued, in milliseconds since 1970.
        ///
        /// Producers may choose their IDs: `Job.latestMoment` at most.
        package var enqueuedAt: Int64 {
            let time = UInt64(entry.prefix { $0 != "-" }) ?? 0
            return Int64(min(time, UInt64(Job.latestMoment)))
        }

        /// Whether it asks for its end to be kept like that of a job; also of an entry that cannot be read otherwise.
        package var isTracked: Bool {
            stride(from: 0, to: fields.count - 1, by: 2).contains {
                fields[$0].string == "tr" && fields[$0 + 1].string == "1"
            }
        }
    }

    /// Makes the consumer groups where they are missing, from the beginning of the stream, so that nothing is skipped.
    package func createGroups() async throws(RedisError) {
        for reply in try await redis.pipeline(Self.groupCommands(keys)) where reply.errorPrefix != "BUSYGROUP" {
            try reply.throwIfError()
        }
    }

    /// The commands of `createGroups`; `BUSYGROUP` answers mean that a group is there.
    package static func groupCommands(_ keys: QueueKeys) -> [RedisCommand] {
        let streams = Lane.allCases.map { (keys.queue($0), QueueKeys.group) } + [(keys.usage, QueueKeys.outboxGroup)]
        return streams.map { RedisCommand("XGROUP", "CREATE", .string($0), .string($1), "0", "MKSTREAM") }
    }

    /// Waits for work in any lane and claims at most one entry per lane (`COUNT` counts per stream).
    ///
    /// `connection` must be one that nothing else uses: it is blocked for as long as `block`.
    package func awaitWork(
        worker: String, block: Duration, on connection: RedisClient
    ) async throws(RedisError) -> [Entry] {
        var command = RedisCommand(
            "XREADGROUP", "GROUP", .string(QueueKeys.group), .string(worker), "COUNT", "1", "BLOCK",
            .int(block.milliseconds), "STREAMS")
        for lane in Lane.allCases { command.append(.string(keys.queue(lane))) }
        for _ in Lane.allCases { command.append(">") }
        let reply = try await connection.send(command, timeout: block + .seconds(5))
        return (reply.array ?? []).flatMap { stream -> [Entry] in
            guard let stream = stream.array, stream.count == 2, let name = stream[0].string,
                let lane = Lane.allCases.first(where: { keys.queue($0) == name })
            else { return [] }
            return (stream[1].array ?? []).compactMap { Entry(lane: lane, $0) }
        }
    }

    /// The body of a job, wherever it travels; `nil` where it has expired.
    package func body(of job: Job) async throws(RedisError) -> [UInt8]? {
        switch job.body {
        case .inline(let bytes): bytes
        case .stored:
            try await persist { () async throws(RedisError) in
                try await redis.send(RedisCommand("GET", .string(keys.request(job.id))))
            }.bytes
        }
    }

    /// Removes a body that travelled beside its entry, once the request has ended; it would expire anyway.
    package func dropBody(of job: Job) async throws(RedisError) {
        guard case .stored = job.body else { return }
        _ = try await redis.send(RedisCommand("UNLINK", .string(keys.request(job.id))))
    }

    package enum Release: String, Sendable { case released, kept }

    /// Hands a claimed, unstarted entry to the next worker; the attempt is not counted.
    package func release(_ attempt: Attempt, attemptsBefore: Int) async throws(RedisError) -> Release {
        try await persist { () async throws(RedisError) in
            try await verdict(
                QueueScripts.release, keys: [keys.log(attempt.id), keys.queue(attempt.lane)],
                args: [
                    .string(attempt.worker), .string(attempt.entry), .int(attempt.deliveries), .int(attemptsBefore),
                    .int(attempt.deadline),
                ])
        }
    }

    package enum Refusal: String, Sendable { case ok, lost, ended, duplicate }

    /// Ends a request that cannot be run, without an attempt; `deadLetter` also keeps the entry for people to look at.
    ///
    /// The end is kept as an answer would be: `isTracked` says which one.
    package func refuse(
        _ attempt: Attempt, attemptsBefore: Int, with failure: JobFailure, isTracked: Bool = false,
        deadLetter: String? = nil
    ) async throws(RedisError) -> Refusal {
        try await persist { () async throws(RedisError) in
            try await verdict(
                QueueScripts.refuse,
                keys: [keys.log(attempt.id), keys.queue(attempt.lane), keys.usage, keys.dead],
                args: [
                    .string(attempt.worker), .string(attempt.entry), .int(attempt.deliveries), .int(attemptsBefore),
                    .string(attempt.id), .int(limits.logTTL(isTracked: isTracked).milliseconds),
                    .string(attempt.channel), "{}",
                    .bytes(failure.encoded), .string(deadLetter ?? ""), .int(limits.maxDeadLetters),
                ])
        }
    }

    /// Moves an entry without a usable id to the dead letters.
    package func bury(_ entry: Entry, worker: String, reason: String) async throws(RedisError) {
        _ = try await persist { () async throws(RedisError) in
            try await redis.evaluate(
                QueueScripts.bury, keys: [keys.queue(entry.lane), keys.dead],
                args: [
                    .string(worker), .string(entry.entry), .int(entry.deliveries), .string(reason),
                    .int(limits.maxDeadLetters),
                ])
        }
    }

    package enum Postponement: String, Sendable { case delayed, lost }

    /// Puts an entry aside that was not started here, until `due` (milliseconds since 1970); nothing is counted or billed.
    ///
    /// For an entry of a newer version, and for a request that every account is too busy to take.
    package func postpone(_ attempt: Attempt, due: Int64) async throws(RedisError) -> Postponement {
        let ttl = max(0, due - clock.now) + max(runningTTL(deadline: attempt.deadline), limits.jobLogTTL.milliseconds)
        return try await persist { () async throws(RedisError) in
            try await verdict(
                QueueScripts.postpone, keys: [keys.queue(attempt.lane), keys.delayed, keys.held(attempt.id)],
                args: [
                    .string(attempt.worker), .string(attempt.entry), .int(attempt.deliveries), .string(attempt.id),
                    .int(due), .string(attempt.lane.rawValue), .int(ttl),
                    .string(attempt.deadline > 0 ? "\(attempt.deadline)" : ""),
                ])
        }
    }

    /// Moves the waiting requests whose time has come back into their lanes; returns how many.
    package func promote(limit: Int = 100) async throws(RedisError) -> Int {
        let due = try await redis.send(
            RedisCommand(
                "ZRANGEBYSCORE", .string(keys.delayed), "-inf", .int(clock.now), "LIMIT", "0", .int(limit)))
        var moved = 0
        for member in (due.array ?? []).compactMap(\.string) {
            let parts = member.split(separator: " ")
            guard parts.count == 2, let lane = Lane(rawValue: String(parts[0])) else { continue }
            let reply = try await redis.evaluate(
                QueueScripts.promote, keys: [keys.delayed, keys.held(String(parts[1])), keys.queue(lane)],
                args: [.string(member)])
            moved += Int(reply.int ?? 0)
        }
        return moved
    }
}

extension JobQueue.Entry {
    /// From `[id, [field, value, …]]`, as streams answer; `nil` for an entry that was deleted meanwhile.
    init?(lane: Lane, _ value: RedisValue) {
        guard let pair = value.array, pair.count == 2, let entry = pair[0].string, let fields = pair[1].array else {
            return nil
        }
        self.init(lane: lane, entry: entry, fields: fields)
    }
}
