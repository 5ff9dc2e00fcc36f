import NIOCore
import ServiceLifecycle
import Shared

/// The shim's connections to Redis.
///
/// There are two that listen, one for answers and one for budgets, and for each shard one for commands, one for large
/// answers, and one for blocking reads of other shims' requests. In a cluster one more is for the health of accounts.
struct ShimLinks {
    let queues: JobQueues
    let largeQueues: JobQueues
    /// At the accounts' keys.
    let pool: RedisClient
    /// By shard, and empty where submissions wait for no replica.
    let replicas: [Int: (redis: RedisClient, watch: ReplicaWatch)]
    private let shim: Shim
    private let group: any EventLoopGroup
    private let ownPool: RedisClient?

    /// `serverChanged` is told a shard whose Redis came back as another server.
    init(_ shim: Shim, _ group: any EventLoopGroup, serverChanged: @escaping @Sendable (Int) -> Void) {
        let redis = shim.redis
        var settings = redis
        settings.commandTimeout = min(settings.commandTimeout, shim.config.submission.timeout)
        queues = shim.queues("", settings, group) { shard, session in
            if session.isNewServer { serverChanged(shard) }
        }
        largeQueues = shim.queues("-large", redis, group)
        replicas = shim.replicas(queues, group)
        let accounts = PoolKeys(prefix: shim.keys.prefix).base
        ownPool = redis.isCluster ? shim.client(redis, "-pool", home: accounts, group) : nil
        pool = ownPool ?? queues.all[0].redis
        self.shim = shim
        self.group = group
    }

    var commands: [any Service] {
        (queues.all + largeQueues.all).map { $0.redis } + [ownPool].compactMap { $0 }
    }

    var replicaServices: [any Service] { replicas.values.flatMap { [$0.redis, $0.watch] as [any Service] } }

    func subscription(
        channel: String, onMessage: @escaping @Sendable (ByteBuffer) -> Void,
        onSubscribed: @escaping @Sendable () -> Void
    ) -> RedisSubscription {
        RedisSubscription(
            shim.redis, channels: [channel], name: "shim-\(shim.id)-in", group: group, logger: shim.logger,
            onMessage: { _, payload in onMessage(ByteBuffer(bytes: payload)) }, onSubscribed: onSubscribed)
    }

    /// What keeps them fresh, with a connection that hears of changes.
    func services(of budgets: LiveBudgets) -> [any Service] {
        let channel = PoolKeys(prefix: shim.keys.prefix).budgetChannel
        let news = RedisSubscription(
            shim.redis, channels: [channel], name: "shim-\(shim.id)-budgets", group: group, logger: shim.logger,
            onMessage: { _, payload in budgets.received(payload) }, onSubscribed: { await budgets.look() })
        return [news, budgets]
    }

    func followers(of hub: ReplyHub) -> [any Service] {
        queues.all.flatMap { queue -> [any Service] in
            let blocking = shim.client(shim.redis, "-logs", home: queue.keys.shardPrefix, group)
            return [blocking, LogFollower(hub: hub, queue: queue, redis: blocking, logger: shim.logger)]
        }
    }
}

extension Shim {
    /// All shards, each over a connection of its own.
    fileprivate func queues(
        _ use: String, _ settings: RedisConfiguration, _ group: any EventLoopGroup,
        onConnect: @escaping @Sendable (Int, RedisSession) -> Void = { _, _ in }
    ) -> JobQueues {
        JobQueues(
            (0..<shards).map { shard in
                let keys = QueueKeys(prefix: keys.prefix, shard: shard)
                let commands = client(settings, use, home: keys.shardPrefix, group) { onConnect(shard, $0) }
                return JobQueue(redis: commands, keys: keys, limits: limits, clock: clock)
            })
    }

    fileprivate func replicas(
        _ queues: JobQueues, _ group: any EventLoopGroup
    ) -> [Int: (redis: RedisClient, watch: ReplicaWatch)] {
        let settings = config.submission
        guard settings.replicas > 0 else { return [:] }
        return Dictionary(
            uniqueKeysWithValues: queues.all.map { queue in
                let blocking = client(redis, "-wait", home: queue.keys.shardPrefix, group)
                let watched = JobQueue(redis: blocking, keys: queue.keys, limits: limits)
                let watch = ReplicaWatch(
                    queue: watched, replicas: settings.replicas, patience: settings.replicaTimeout)
                return (queue.keys.shard, (blocking, watch))
            })
    }

    fileprivate func client(
        _ settings: RedisConfiguration, _ use: String, home: String, _ group: any EventLoopGroup,
        onConnect: @escaping @Sendable (RedisSession) async throws -> Void = { _ in }
    ) -> RedisClient {
        RedisClient(
            settings, name: "shim-\(id)\(use)", home: home, group: group, logger: logger, onConnect: onConnect)
    }
}
