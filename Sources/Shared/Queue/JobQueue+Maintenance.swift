/// SORT, EXPIRED and PROMOTE: what workers do for the queue as a whole.
extension JobQueue {
    /// Puts entries that nobody has taken for `age` into fair order, while all workers are busy.
    ///
    /// Returns how many. One call is bounded (2 ms of Redis' time), so more than zero means that there may be more.
    package func sort(worker: String, olderThan age: Duration = .milliseconds(100)) async throws(RedisError) -> Int {
        let reply = try await redis.evaluate(
            QueueScripts.sort, keys: [keys.due] + lanesAndOrders + [keys.never],
            args: [.string(worker), .int(age.milliseconds)] + sortingTimes + tenantWeights)
        return Int(reply.int ?? 0)
    }

    /// Claims up to `limit` entries whose deadline passed while they waited for their turn or for an account.
    ///
    /// They are not to be run: the worker that reads them ends them with `deadline_exceeded`.
    package func expired(worker: String, limit: Int) async throws(RedisError) -> [Entry] {
        let reply = try await redis.evaluate(
            QueueScripts.expired, keys: [keys.due, keys.rooms] + lanesAndOrders + [keys.never],
            args: [.string(worker), .int(limit), .int(clock.now), .string(keys.shardPrefix)])
        return entries(reply, lane: Lane.init(index:))
    }

    private var lanesAndOrders: [String] { Lane.allCases.map(keys.queue) + Lane.allCases.map(keys.order) }

    /// Moves the delayed requests whose time has come back into their lanes.
    ///
    /// Returns how many.
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
