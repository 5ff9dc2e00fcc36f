package import Logging

/// Tells every process that the catalogue was changed, so that all have the change within a second.
///
/// To be called after the commit. Where it fails, processes find the change within `CATALOG_REFRESH`.
package struct CatalogNotifier: Sendable {
    /// A message that is only for speed is worth no longer wait.
    private static let patience = Duration.seconds(1)

    private let redis: RedisClient
    private let keys: CatalogKeys
    private let logger: Logger

    package init(redis: RedisClient, keys: CatalogKeys, logger: Logger) {
        self.redis = redis
        self.keys = keys
        self.logger = logger
    }

    package func tell() async {
        do throws(RedisError) {
            _ = try await redis.send(
                RedisCommand("PUBLISH", .string(keys.channel), "changed"), timeout: Self.patience)
        } catch {
            logger.info(
                "a change of the catalogue could not be told: processes see it at CATALOG_REFRESH",
                metadata: [LogKey.error: "\(error)"])
        }
    }

    /// Over a connection of its own, for processes that have none otherwise.
    static func tell(_ place: CatalogRedis, _ logger: Logger) async {
        await RedisClient.briefly(place.configuration, name: "catalog-news", logger: logger) { redis in
            await CatalogNotifier(redis: redis, keys: place.keys, logger: logger).tell()
        }
    }
}
