/// Keeps copies of the catalogue in Redis, with which processes start and go on while PostgreSQL is away.
package struct CatalogRedisCache: Sendable {
    package struct Lifetimes: Sendable, Equatable {
        /// `CACHE_TTL_MODELS` and `CACHE_TTL_ACCOUNTS`.
        package var models: Duration
        package var accounts: Duration
    }

    private let redis: RedisClient
    private let keys: CatalogKeys
    private let lifetimes: Lifetimes

    package init(redis: RedisClient, keys: CatalogKeys, lifetimes: Lifetimes) {
        self.redis = redis
        self.keys = keys
        self.lifetimes = lifetimes
    }

    /// Renewed twice in the life of the copy that expires first.
    var renewal: Duration { min(lifetimes.models, lifetimes.accounts) / 2 }

    /// The longest time that Redis may hold up a look at the catalogue.
    private static let patience = Duration.seconds(1)

    /// `nil` unless both copies are there.
    package func read() async throws(RedisError) -> VersionedCatalog? {
        let replies = try await redis.send(
            RedisCommand("MGET", .string(keys.models), .string(keys.accounts)), timeout: Self.patience)
        guard let models = replies.array?.first?.bytes, let accounts = replies.array?.last?.bytes else { return nil }
        return VersionedCatalog(models: models, accounts: accounts)
    }

    /// The stamp of the catalogue that `read` would give, without its rows.
    func stamp() async throws(RedisError) -> VersionedCatalog.Stamp? {
        var oldest: VersionedCatalog.Stamp?
        for key in [keys.models, keys.accounts] {
            let head = try await redis.send(
                RedisCommand("GETRANGE", .string(key), .int(0), .int(VersionedCatalog.Stamp.headLength - 1)),
                timeout: Self.patience)
            // The cut may be in the middle of a character.
            guard let bytes = head.bytes,
                let stamp = VersionedCatalog.Stamp(head: String(decoding: bytes, as: UTF8.self))
            else { return nil }
            if stamp.asOf < oldest?.asOf ?? .max { oldest = stamp }
        }
        return oldest
    }

    /// Writes both, each unless a newer one is there.
    func write(_ copy: VersionedCatalog) async throws(RedisError) {
        let pairs = [
            (keys.models, copy.encodedModels, lifetimes.models),
            (keys.accounts, copy.encodedAccounts, lifetimes.accounts),
        ]
        for (key, bytes, lifetime) in pairs {
            _ = try await redis.evaluate(
                Self.keepNewest, keys: [key],
                args: [.int(copy.stamp.asOf), .bytes(bytes), .int(lifetime.milliseconds)], timeout: Self.patience)
        }
    }

    /// Writes a copy unless a newer one is there.
    ///
    /// KEYS[1]: a copy. ARGV: its time, the copy, its life in milliseconds. Returns 1 if written, 0 if not.
    private static let keepNewest = RedisScript(
        """
        local head = redis.call('GETRANGE', KEYS[1], 0, 40)
        local asOf = tonumber(string.match(head, '^{"as_of":(%d+)') or '0')
        if asOf > tonumber(ARGV[1]) then return 0 end
        redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
        return 1
        """)
}
