package import Logging
package import NIOCore

/// The place in Redis of the catalogue's copies and of the messages about changes.
package struct CatalogRedis: Sendable {
    package let configuration: RedisConfiguration
    package let keys: CatalogKeys
    package let lifetimes: CatalogRedisCache.Lifetimes

    package init(configuration: RedisConfiguration, keys: CatalogKeys, lifetimes: CatalogRedisCache.Lifetimes) {
        self.configuration = configuration
        self.keys = keys
        self.lifetimes = lifetimes
    }
}

/// A process' connections to Redis for its catalogue: one for the copies, and one that hears of changes.
package struct CatalogRedisLinks: Sendable {
    let redis: RedisClient
    let cache: CatalogRedisCache
    private let place: CatalogRedis
    private let group: any EventLoopGroup
    private let logger: Logger

    package init(_ place: CatalogRedis, group: any EventLoopGroup, logger: Logger) {
        self.place = place
        self.group = group
        self.logger = logger
        redis = RedisClient(
            place.configuration, name: "catalog", home: place.keys.home, group: group, logger: logger)
        cache = CatalogRedisCache(redis: redis, keys: place.keys, lifetimes: place.lifetimes)
    }

    /// Calls `onChange` once per message, and `onSubscribed` where messages, and copies too, may have been lost.
    func subscription(
        onChange: @escaping @Sendable () -> Void, onSubscribed: @escaping @Sendable () async -> Void
    ) -> RedisSubscription {
        RedisSubscription(
            place.configuration, channels: [place.keys.channel], name: "catalog-news", group: group, logger: logger,
            onMessage: { _, _ in onChange() }, onSubscribed: onSubscribed)
    }
}
