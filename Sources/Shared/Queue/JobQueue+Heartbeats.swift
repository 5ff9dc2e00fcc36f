/// Heartbeats tell which workers are alive.
///
/// They are a sorted set beside the queue, scored by when each heartbeat expires by Redis' own clock. The `idle` of a
/// consumer is no heartbeat: in Redis 7.0 an XREADGROUP that finds nothing does not refresh it.
extension JobQueue {
    /// Says that `worker` is alive for another lease.
    ///
    /// Repeat it well before the lease ends.
    package func beat(_ worker: String) async throws(RedisError) {
        try await beat(worker, for: limits.lease)
    }

    package func beat(_ worker: String, for life: Duration) async throws(RedisError) {
        _ = try await redis.evaluate(
            QueueScripts.beat, keys: [keys.workers], args: [.string(worker), .int(life.milliseconds)])
    }

    /// The same as one command that needs no script cache: it is sent to servers that have just started.
    package static func beatCommand(_ worker: String, for life: Duration, _ keys: QueueKeys) -> RedisCommand {
        QueueScripts.beat.command(
            keys: [keys.workers], arguments: RedisArguments([.string(worker), .int(life.milliseconds)]),
            isCached: false)
    }

    /// Removes the heartbeat of a worker that ends in good order, so that nobody waits for it to expire.
    package func stopBeating(_ worker: String) async throws(RedisError) {
        _ = try await redis.send(RedisCommand("ZREM", .string(keys.workers), .string(worker)))
    }

    /// Workers whose heartbeat has not expired.
    package func liveWorkers() async throws(RedisError) -> Int {
        Int(try await redis.evaluate(QueueScripts.liveWorkers, keys: [keys.workers], args: []).int ?? 0)
    }

    /// Workers whose heartbeat has not expired, `QueueOverview.mostWorkers` at most, with the time when each expires.
    ///
    /// All times are those of Redis' clock, in milliseconds since 1970.
    package func heartbeats() async throws(RedisError) -> (expiries: [String: Int64], now: Int64) {
        let reply = try await redis.evaluate(
            QueueScripts.heartbeats, keys: [keys.workers], args: [.int(QueueOverview.mostWorkers)])
        guard let parts = reply.array, parts.count == 2, let rows = parts[1].array else {
            throw RedisError(.protocolViolation, "HEARTBEATS answered in an unknown shape")
        }
        var expiries: [String: Int64] = [:]
        for index in stride(from: 0, to: rows.count - 1, by: 2) {
            guard let name = rows[index].string, let expiry = rows[index + 1].string.flatMap(Double.init) else {
                continue
            }
            expiries[name.clipped(toBytes: Bounds.name)] = Int64(exactly: expiry.rounded()) ?? 0
        }
        return (expiries, (parts[0].int ?? 0).clamped(to: Bounds.moments))
    }

    /// `liveWorkers` as a command for a pipeline.
    package static func liveWorkersCommand(_ keys: QueueKeys) -> RedisCommand {
        QueueScripts.liveWorkers.command(keys: [keys.workers], arguments: RedisArguments([]), isCached: false)
    }

    /// Forgets consumers that hold nothing, were silent for `idle` and have no heartbeat.
    package func forgetConsumers(idle: Duration) async throws(RedisError) {
        for (stream, group) in keys.groups {
            _ = try await redis.evaluate(
                QueueScripts.forgetConsumers, keys: [stream, keys.workers],
                args: [.string(group), .int(idle.milliseconds)])
        }
    }
}
