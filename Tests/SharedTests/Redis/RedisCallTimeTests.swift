import TestSupport
import Testing

@testable import Shared

@Suite struct RedisCallTimeTests {
    @Test func `each call is measured once, and none that may wait inside Redis`() async throws {
        let registry = MetricsRegistry()
        var configuration = try RedisConfiguration(url: try await SharedRedis.shared.url)
        configuration.calls = registry.timer(.redisCommands)

        try await withRedis(configuration) { redis in
            _ = try await redis.send(RedisCommand("PING"))
            _ = try await redis.pipeline([RedisCommand("PING"), RedisCommand("PING")])
            _ = try await redis.send(RedisCommand("BLPOP", ownKey(), "0.05"), timeout: .seconds(5))
            await #expect(throws: RedisError.self) { try await redis.send(RedisCommand("NOSUCHCOMMAND")) }

            #expect(registry.text.contains("aims_redis_command_duration_seconds_count 3\n"))
        }
    }
}
