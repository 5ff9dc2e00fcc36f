/// CLAIM takes entries out of the lanes, at once or after a wait.
///
/// Beside it stand the consumer groups, and the bodies of jobs.
extension JobQueue {
    /// A claimed entry, before and after reading it.
    package struct Entry: Sendable {
        package let lane: Lane
        package let entry: String
        package let fields: [RedisValue]
        /// 1 for a new entry, more for a reaped one.
        package var deliveries = 1

        /// The time in the entry's ID: when it was enqueued, in milliseconds since 1970.
        ///
        /// Producers may choose their IDs: `Job.latestMoment` at most.
        package var enqueuedAt: Int64 {
            let time = UInt64(entry.prefix { $0 != "-" }) ?? 0
            return Int64(min(time, UInt64(Job.latestMoment)))
        }

        /// True when its end is to be kept like that of a job.
        ///
        /// Also known of an entry that cannot be read otherwise.
        package var isTracked: Bool {
            stride(from: 0, to: fields.count - 1, by: 2).contains {
                fields[$0].string == "tr" && fields[$0 + 1].string == "1"
            }
        }
    }

    /// Claims what is there, without waiting, at most `free` entries in all.
    ///
    /// Within a lane, tenants with more waiting than can be claimed take turns by `QueueLimits.tenantWeights`. Each
    /// tenant's own entries stay in order.
    package func claim(worker: String, free: Int, shares: [(lane: Lane, share: Int)]) async throws(RedisError)
        -> [Entry]
    {
        let lanes = shares.map(\.lane)
        let reply = try await redis.evaluate(
            QueueScripts.claim, keys: [keys.due] + lanes.map(keys.queue) + lanes.map(keys.order) + [keys.never],
            args: [.string(worker), .int(free)] + sortingTimes + shares.map { .int($0.share) }
                + lanes.map { .int($0.index) } + tenantWeights)
        return entries(reply) { lanes.indices.contains($0 - 1) ? lanes[$0 - 1] : nil }
    }

    /// Waits for work in any of these lanes and claims at most one entry per lane (`COUNT` counts per stream).
    ///
    /// `connection` must be one that nothing else uses: it is blocked for as long as `block`.
    package func awaitWork(
        worker: String, block: Duration, lanes: [Lane] = Lane.allCases, on connection: RedisClient
    ) async throws(RedisError) -> [Entry] {
        var command = RedisCommand(
            "XREADGROUP", "GROUP", .string(QueueKeys.group), .string(worker), "COUNT", "1", "BLOCK",
            .int(block.milliseconds), "STREAMS")
        for lane in lanes { command.append(.string(keys.queue(lane))) }
        for _ in lanes { command.append(">") }
        let reply = try await connection.send(command, timeout: block + .seconds(5))
        return (reply.array ?? []).flatMap { stream -> [Entry] in
            guard let stream = stream.array, stream.count == 2, let name = stream[0].string,
                let lane = lanes.first(where: { keys.queue($0) == name })
            else { return [] }
            return (stream[1].array ?? []).compactMap { Entry(lane: lane, $0) }
        }
    }

    /// Reads the entries that scripts return: `{lane, id, fields}` each.
    func entries(_ reply: RedisValue, lane: (Int) -> Lane?) -> [Entry] {
        (reply.array ?? []).compactMap { item in
            guard let item = item.array, item.count == 3, let lane = item[0].int.flatMap({ lane(Int($0)) }),
                let entry = item[1].string, let fields = item[2].array
            else { return nil }
            return Entry(lane: lane, entry: entry, fields: fields)
        }
    }

    /// Arguments of the scripts that sort: now, the default time of a request, the prefix of all keys.
    var sortingTimes: [RedisArgument] {
        [.int(clock.now), .int(limits.defaultDeadline.milliseconds), .string(keys.shardPrefix)]
    }

    /// Arguments of the scripts that sort: tenant and weight in turn.
    var tenantWeights: [RedisArgument] {
        limits.tenantWeights.flatMap { [.string($0.key), .int($0.value)] }
    }
}

// MARK: - Groups

extension JobQueue {
    /// Makes the consumer groups where they are missing, from the beginning of the stream, so that nothing is skipped.
    package func createGroups() async throws(RedisError) {
        for reply in try await redis.pipeline(Self.groupCommands(keys)) where reply.errorPrefix != "BUSYGROUP" {
            try reply.throwIfError()
        }
    }

    /// The commands of `createGroups`.
    ///
    /// The answer `BUSYGROUP` means that a group is there.
    package static func groupCommands(_ keys: QueueKeys) -> [RedisCommand] {
        keys.groups.map { RedisCommand("XGROUP", "CREATE", .string($0.stream), .string($0.group), "0", "MKSTREAM") }
    }
}

extension QueueKeys {
    /// Every stream of the shard that has a consumer group.
    var groups: [(stream: String, group: String)] {
        Lane.allCases.map { (queue($0), QueueKeys.group) } + [(usage, QueueKeys.outboxGroup)]
    }
}

// MARK: - Bodies

extension JobQueue {
    /// The body of a job, wherever it travels, or `nil` where it has expired.
    package func body(of job: Job) async throws(RedisError) -> [UInt8]? {
        switch job.body {
        case .inline(let bytes): bytes
        case .stored:
            try await persist { () async throws(RedisError) in
                try await redis.send(RedisCommand("GET", .string(keys.request(job.id))))
            }.bytes
        }
    }

    /// Removes a body that travelled beside its entry, once the request has ended.
    ///
    /// It would expire anyway.
    package func dropBody(of job: Job) async throws(RedisError) {
        guard case .stored = job.body else { return }
        _ = try await redis.send(RedisCommand("UNLINK", .string(keys.request(job.id))))
    }

    /// Keeps a body that travels beside its entry as long as an answer, once the request is a dead letter.
    func keepBody(of job: Job) async throws(RedisError) {
        guard case .stored = job.body else { return }
        _ = try await redis.send(
            RedisCommand("PEXPIRE", .string(keys.request(job.id)), .int(limits.jobLogTTL.milliseconds), "GT"))
    }
}

extension JobQueue.Entry {
    /// From `[id, [field, value, …]]`, as streams answer, or `nil` for an entry that was deleted meanwhile.
    init?(lane: Lane, _ value: RedisValue) {
        guard let pair = value.array, pair.count == 2, let entry = pair[0].string, let fields = pair[1].array else {
            return nil
        }
        self.init(lane: lane, entry: entry, fields: fields)
    }
}
