package import Logging
package import NIOCore

/// What a process' catalogue has to do with Redis: a connection for the copies, and one that hears of changes.
package struct CatalogRedisLinks: Sendable {
    let redis: RedisClient
    let copies: CatalogRedisCache
    private let configuration: RedisConfiguration
    private let channel: String
    private let group: any EventLoopGroup
    private let logger: Logger

    package init(_ config: SharedConfig, group: any EventLoopGroup, logger: Logger) throws(RedisError) {
        configuration = try config.redisConfiguration()
        channel = config.catalogKeys.channel
        self.group = group
        self.logger = logger
        redis = RedisClient(
            configuration, name: "catalog", home: config.catalogKeys.home, group: group, logger: logger)
        copies = CatalogRedisCache(redis: redis, keys: config.catalogKeys, lifetimes: config.catalogLifetimes)
    }

    /// `onChange` once per message; `onSubscribed` where messages, and copies too, may have been lost.
    func subscription(
        onChange: @escaping @Sendable () -> Void, onSubscribed: @escaping @Sendable () async -> Void
    ) -> RedisSubscription {
        RedisSubscription(
            configuration, channels: [channel], name: "catalog-news", group: group, logger: logger,
            onMessage: { _, _ in onChange() }, onSubscribed: onSubscribed)
    }
}
