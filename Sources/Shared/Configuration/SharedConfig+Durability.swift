package import Logging

extension SharedConfig {
    /// The reason why this process must not start, or `nil` unless `REQUIRE_DURABLE_REDIS` is set.
    ///
    /// Waits for the server of each shard for `START_TIMEOUT`, and throws where one does not answer by then.
    package func durabilityComplaint(logger: Logger) async throws -> String? {
        guard redis.requiresDurability else { return nil }
        let configuration = try redis.configuration()
        var servers: [RedisDurability] = []
        for keys in shardKeys {
            let answer = await RedisClient.briefly(
                configuration, name: "start", home: keys.shardPrefix, logger: logger
            ) { redis in await Self.read(redis, timeout: max(catalog.startTimeout, .seconds(1))) }
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
