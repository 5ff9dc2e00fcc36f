package import Logging

extension SharedConfig {
    /// How to reach Redis; `RedisError.configuration` names what is wrong with the URL or the TLS files.
    package func redisConfiguration() throws(RedisError) -> RedisConfiguration {
        var configuration = try RedisConfiguration(
            url: redisURL.reveal(), caFile: redisTLS.caFile, certFile: redisTLS.certFile, keyFile: redisTLS.keyFile)
        if case .sentinel(var sentinel) = configuration.topology {
            (sentinel.user, sentinel.password) = (redisSentinel.user, redisSentinel.password)
            sentinel.timeout = redisSentinel.timeout
            configuration.topology = .sentinel(sentinel)
        }
        return configuration
    }

    /// How to get an answer of the sentinels, where `REDIS_URL` names some.
    package struct SentinelAccess: Sendable {
        package var user: String?
        package var password: Secret?
        package var timeout: Duration
    }

    static func sentinel(_ settings: inout Settings) -> SentinelAccess {
        let user = settings.text("REDIS_SENTINEL_USER", default: "", "User of the sentinels, where they want one.")
        return SentinelAccess(
            user: user.isEmpty ? nil : user,
            password: settings.secret(
                "REDIS_SENTINEL_PASSWORD", "Password of the sentinels; that of `REDIS_URL` is the servers'."),
            timeout: settings.seconds(
                "REDIS_SENTINEL_TIMEOUT", default: 1, in: 0.05...60,
                "How long one sentinel may take to answer; then the next one is asked."))
    }

    /// The forms of `REDIS_URL`, as its mistake and its description have them.
    static let redisForms =
        "`redis://[user[:password]@]host[:port][/database]`, `redis+sentinel://…@sentinel,sentinel/SERVICE[/database]` or `redis+cluster://…@node,node`; `rediss` in place of `redis` for TLS"
}

extension SharedConfig {
    /// Why this process must not start; `nil` unless `REQUIRE_DURABLE_REDIS` is set.
    ///
    /// Waits for the server of each shard for `START_TIMEOUT`, and throws where one does not answer by then.
    package func durabilityComplaint(logger: Logger) async throws -> String? {
        guard requiresDurableRedis else { return nil }
        let configuration = try redisConfiguration()
        var servers: [RedisDurability] = []
        for keys in shardKeys {
            let answer = await RedisClient.briefly(
                configuration, name: "start", home: keys.shardPrefix, logger: logger
            ) { redis in await Self.read(redis, timeout: max(startTimeout, .seconds(1))) }
            servers.append(try answer.get())
        }
        return RedisDurability(servers).complaint.map { "REQUIRE_DURABLE_REDIS: \($0)" }
    }

    private static func read(_ redis: RedisClient, timeout: Duration) async -> Result<RedisDurability, RedisError> {
        do throws(RedisError) { return .success(try await RedisDurability.read(from: redis, timeout: timeout)) } catch {
            return .failure(error)
        }
    }
}
