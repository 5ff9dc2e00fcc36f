/// CLAIM, SORT and EXPIRED: who is next, and who has waited too long.
extension JobQueue {
    /// Claims what is there, without waiting, at most `free` entries in all.
    ///
    /// Within a lane, tenants with more waiting than can be claimed take turns by `QueueLimits.tenantWeights`; each tenant's own
    /// entries stay in order.
    package func claim(worker: String, free: Int, shares: [(lane: Lane, share: Int)]) async throws(RedisError)
        -> [Entry]
    {
        let lanes = shares.map(\.lane)
        let reply = try await redis.evaluate(
            QueueScripts.claim, keys: [keys.due] + lanes.map(keys.queue) + lanes.map(keys.order) + [keys.never],
            args: [.string(worker), .int(free)] + times + shares.map { .int($0.share) }
                + lanes.map { .int($0.index) } + tenantWeights)
        return entries(reply) { lanes.indices.contains($0 - 1) ? lanes[$0 - 1] : nil }
    }

    /// Puts entries that nobody has taken for `age` into fair order, while all workers are busy; returns how many.
    ///
    /// One call is bounded (2 ms of Redis' time): more than zero means that there may be more.
    package func sort(worker: String, olderThan age: Duration = .milliseconds(100)) async throws(RedisError) -> Int {
        let reply = try await redis.evaluate(
            QueueScripts.sort,
            keys: [keys.due] + Lane.allCases.map(keys.queue) + Lane.allCases.map(keys.order) + [keys.never],
            args: [.string(worker), .int(age.milliseconds)] + times + tenantWeights)
        return Int(reply.int ?? 0)
    }

    /// Claims up to `limit` entries whose deadline passed while they waited for their turn or for an account.
    ///
    /// They are not to be run: whoever reads them ends them with `deadline_exceeded`.
    package func expired(worker: String, limit: Int) async throws(RedisError) -> [Entry] {
        let reply = try await redis.evaluate(
            QueueScripts.expired,
            keys: [keys.due, keys.rooms] + Lane.allCases.map(keys.queue) + Lane.allCases.map(keys.order)
                + [keys.never],
            args: [.string(worker), .int(limit), .int(clock.now), .string(keys.shardPrefix)])
        return entries(reply) { index in Lane.allCases.first { $0.index == index } }
    }

    /// Entries as scripts return them: `{lane, id, fields}` each.
    func entries(_ reply: RedisValue, lane: (Int) -> Lane?) -> [Entry] {
        (reply.array ?? []).compactMap { item in
            guard let item = item.array, item.count == 3, let lane = item[0].int.flatMap({ lane(Int($0)) }),
                let entry = item[1].string, let fields = item[2].array
            else { return nil }
            return Entry(lane: lane, entry: entry, fields: fields)
        }
    }

    private var times: [RedisArgument] {
        [.int(clock.now), .int(limits.defaultDeadline.milliseconds), .string(keys.shardPrefix)]
    }

    private var tenantWeights: [RedisArgument] {
        limits.tenantWeights.flatMap { [.string($0.key), .int($0.value)] }
    }
}
