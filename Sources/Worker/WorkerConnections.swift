import Logging
import NIOCore
import NIOPosix
import Shared

/// Makes the connections of a worker to Redis, all in one way.
///
/// One loop carries them all: far below its capacity, and what happens together is written together.
struct WorkerConnections: Sendable {
    let worker: String
    let configuration: RedisConfiguration
    let group: any EventLoopGroup
    let logger: Logger

    /// A client for one kind of use, so that none waits for another.
    ///
    /// In a cluster `home` names its node.
    func client(_ use: String, home: String) -> RedisClient {
        RedisClient(configuration, name: "worker-\(use)", home: home, group: group, logger: logger)
    }

    /// One more, which only listens.
    func subscription(
        _ use: String, to channel: String, onMessage: @escaping @Sendable ([UInt8]) -> Void,
        onSubscribed: @escaping @Sendable () async -> Void = {}
    ) -> RedisSubscription {
        RedisSubscription(
            configuration, channels: [channel], name: "worker-\(use)", group: group, logger: logger,
            onMessage: { _, payload in onMessage(payload) }, onSubscribed: onSubscribed)
    }
}

/// The connections for what all workers know of the accounts.
///
/// In a cluster they go to the node that has those keys. Otherwise the first shard's are used for this, too.
struct PoolConnections: Sendable {
    let redis: RedisClient
    /// For renewals, which must not wait behind anything.
    let leases: RedisClient
    let pings: RedisClient
    /// Those of them that nobody else runs.
    let own: [RedisClient]

    init(_ connections: WorkerConnections, keys: PoolKeys, beside shard: WorkerShard) {
        pings = connections.client("pings", home: keys.base)
        guard connections.configuration.isCluster else {
            (redis, leases, own) = (shard.queue.redis, shard.leases, [pings])
            return
        }
        redis = connections.client("pool", home: keys.base)
        leases = connections.client("pool-lease", home: keys.base)
        own = [redis, leases, pings]
    }
}
