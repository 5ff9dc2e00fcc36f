import Logging
import NIOCore
import Shared

/// One shard of the queue as this worker serves it: its connections, and what runs and waits there.
///
/// Slots, accounts, catalogue and metrics are the worker's. All else is a shard's own.
struct WorkerShard: Sendable {
    /// Over the connection for everything that does not block.
    let queue: JobQueue
    /// For claims that wait inside Redis.
    let blocking: RedisClient
    /// For renewals, which must not wait behind anything.
    let leases: RedisClient
    let outbox: RedisClient
    let patience = ReapPatience(isUp: false)
    let running = RunningJobs()
    let rooms = WaitingRooms()

    init(
        _ keys: QueueKeys, _ shared: SharedConfig, limits: QueueLimits, readiness: Readiness,
        _ connections: WorkerConnections
    ) {
        let name = keys.shard == 0 ? "" : "\(keys.shard)"
        func client(_ use: String) -> RedisClient { connections.client(use + name, home: keys.shardPrefix) }
        (blocking, leases, outbox) = (client("claim"), client("lease"), client("outbox"))
        let recovery = ReconnectRecovery(
            worker: connections.worker, shards: shared.queue.shards, keys: keys, limits: limits, readiness: readiness,
            patience: patience,
            running: running, requiresDurable: shared.redis.requiresDurability, logger: connections.logger)
        let redis = RedisClient(
            connections.configuration, name: "worker" + name, home: keys.shardPrefix, group: connections.group,
            logger: connections.logger, onConnect: recovery.recover,
            onStateChange: { [patience] isUp in
                patience.connection(isUp: isUp)
                readiness.redis(isUp: isUp, shard: keys.shard)
            })
        queue = JobQueue(redis: redis, keys: keys, limits: limits)
    }

    var clients: [RedisClient] { [queue.redis, leases, outbox, blocking] }
}
