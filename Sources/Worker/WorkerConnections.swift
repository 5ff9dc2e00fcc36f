import Logging
import NIOCore
import NIOPosix
import Shared

/// The connections of a worker to Redis: one per kind of use, so that none waits for another.
struct WorkerConnections: Sendable {
    /// For everything that does not block and is not below.
    let redis: RedisClient
    /// For claims that wait inside Redis.
    let blocking: RedisClient
    /// For renewals, which must not wait behind anything.
    let leases: RedisClient
    let outbox: RedisClient
    let pings: RedisClient
    private let configuration: RedisConfiguration
    private let group: any EventLoopGroup
    private let logger: Logger

    /// One loop carries them all: far below its capacity, and what happens together is written together.
    init(
        _ configuration: RedisConfiguration, group: any EventLoopGroup, greeting: WorkerGreeting, logger: Logger
    ) {
        func client(_ use: String) -> RedisClient {
            RedisClient(configuration, name: "worker-\(use)", group: group, logger: logger)
        }
        redis = RedisClient(
            configuration, name: "worker", group: group, logger: logger, onConnect: greeting.greet,
            onStateChange: { greeting.readiness.redis(isUp: $0) })
        (blocking, leases, outbox, pings) = (client("claim"), client("lease"), client("outbox"), client("pings"))
        self.configuration = configuration
        self.group = group
        self.logger = logger
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
