extension SharedConfig {
    /// The key names of each shard.
    package var shardKeys: [QueueKeys] { (0..<shards).map { QueueKeys(prefix: cachePrefix, shard: $0) } }

    /// True when keys with different hash tags may be on different servers.
    package var isClustered: Bool { redisURL.reveal().prefix { $0 != ":" }.lowercased().hasSuffix("+cluster") }
}
