package import Logging
package import NIOCore
import NIOPosix

extension SharedConfig {
    /// The place in Redis of the catalogue's copies and messages.
    package func catalogRedis() throws(RedisError) -> CatalogRedis {
        CatalogRedis(configuration: try redis.configuration(), keys: catalogKeys, lifetimes: catalog.lifetimes)
    }
}

extension CatalogBootstrap {
    package init(
        _ config: SharedConfig, _ pool: PostgresPool, _ logger: Logger,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) throws(RedisError) {
        self.init(
            config.catalog, masterKeys: config.masterKeys, redis: try config.catalogRedis(), pool: pool, logger: logger,
            group: group)
    }
}

extension CatalogNotifier {
    /// For commands that have no connection to Redis otherwise.
    package static func tell(_ config: SharedConfig, _ logger: Logger) async throws(RedisError) {
        await tell(try config.catalogRedis(), logger)
    }
}
