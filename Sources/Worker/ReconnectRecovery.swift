import Logging
import Shared

/// Recovers a worker's state on every fresh connection to Redis, before any other command passes.
///
/// Makes missing consumer groups. RESYNC asks after each running attempt, and those that Redis has given away or lost
/// are cancelled. Reaping waits. A Redis that evicts keys is refused, since it would lose requests. The worker's
/// heartbeat is there before the worker is ready.
struct ReconnectRecovery: Sendable {
    let worker: String
    /// `QUEUE_SHARDS`.
    let shards: Int
    let keys: QueueKeys
    let limits: QueueLimits
    let readiness: Readiness
    let patience: ReapPatience
    let running: RunningJobs
    /// `REQUIRE_DURABLE_REDIS`: a Redis that forgets at a restart is refused, too.
    let requiresDurable: Bool
    let logger: Logger

    @Sendable func recover(_ session: RedisSession) async throws {
        for reply in try await session.pipeline(JobQueue.groupCommands(keys)) where reply.errorPrefix != "BUSYGROUP" {
            try reply.throwIfError()
        }
        // A worker that starts beside a server that has been up for a lease knows that leases were kept.
        let isSettled = session.previousRunID == nil && session.uptime > limits.lease
        patience.connected(lease: isSettled ? .zero : limits.lease)
        try await checkDurability(session)
        if keys.shard == 0 { try await checkShards(session) }
        _ = try await session.send(JobQueue.beatCommand(worker, for: limits.lease, keys))
        if session.isNewServer { try await resync(session) }
    }

    /// Requests of a shard that is served no more would wait for ever.
    private func checkShards(_ session: RedisSession) async throws {
        let most = Int(try await session.send(JobQueue.shardsCommand(shards, keys)).int ?? 1)
        guard most > shards else { return }
        readiness.complain("QUEUE_SHARDS is \(shards) here, and was \(most): expected no fewer than before")
        logger.critical("QUEUE_SHARDS must not shrink: requests of the shards that are left out wait for ever")
    }

    private func resync(_ session: RedisSession) async throws {
        let asked = running.all
        let attempts = asked.flatMap(\.attempts)
        let replies = try await session.pipeline(attempts.map { JobQueue.resyncCommand($0, keys) })
        logger.warning("another Redis server, resynchronising", metadata: [LogKey.jobs: "\(asked.count)"])
        for reply in replies { try reply.throwIfError() }
        let lost = Set(zip(attempts, replies).filter { JobQueue.Resync($1) == .lost }.map(\.0))
        for job in asked where job.attempts.allSatisfy(lost.contains) { running.lost(job) }
    }

    /// Once per connection: the settings of a server may change with its restart.
    private func checkDurability(_ session: RedisSession) async throws {
        let info = RedisInfo(try await session.pipeline(RedisDurability.commands))
        let durability = RedisDurability(info)
        for warning in durability.warnings {
            logger.warning("\(RedisDurability.message)", metadata: [LogKey.reason: "\(warning)"])
        }
        guard !info.evicts else {
            logger.critical("Redis evicts keys and would lose requests; set maxmemory-policy noeviction")
            return readiness.complain(
                "Redis evicts keys; it must run with maxmemory-policy noeviction", shard: keys.shard)
        }
        readiness.complain(requiresDurable ? durability.complaint : nil, shard: keys.shard)
    }
}
