package import Logging

extension SharedConfig {
    /// How to reach Redis; `RedisError.configuration` names what is wrong with the URL or the TLS files.
    package func redisConfiguration() throws(RedisError) -> RedisConfiguration {
        try RedisConfiguration(
            url: redisURL.reveal(), caFile: redisTLS.caFile, certFile: redisTLS.certFile, keyFile: redisTLS.keyFile)
    }
}

extension SharedConfig {
    /// Why this process must not start; `nil` unless `REQUIRE_DURABLE_REDIS` is set.
    ///
    /// Waits for Redis for `START_TIMEOUT`, and throws where it does not answer by then.
    package func durabilityComplaint(logger: Logger) async throws -> String? {
        guard requiresDurableRedis else { return nil }
        let answer = await RedisClient.briefly(try redisConfiguration(), name: "start", logger: logger) { redis in
            await Self.read(redis, timeout: max(startTimeout, .seconds(1)))
        }
        return try answer.get().complaint.map { "REQUIRE_DURABLE_REDIS: \($0)" }
    }

    private static func read(_ redis: RedisClient, timeout: Duration) async -> Result<RedisDurability, RedisError> {
        do throws(RedisError) { return .success(try await RedisDurability.read(from: redis, timeout: timeout)) } catch {
            return .failure(error)
        }
    }
}
