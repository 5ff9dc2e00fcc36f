/// Names in Redis that follow from `CACHE_PREFIX`.
extension SharedConfig {
    package var keys: QueueKeys { QueueKeys(prefix: cachePrefix) }

    /// By shard.
    package var shardKeys: [QueueKeys] { (0..<queue.shards).map { QueueKeys(prefix: cachePrefix, shard: $0) } }

    package var catalogKeys: CatalogKeys { CatalogKeys(prefix: cachePrefix, isClustered: redis.isClustered) }
}
