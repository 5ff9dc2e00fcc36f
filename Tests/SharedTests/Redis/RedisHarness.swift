import Logging
import NIOPosix
import Shared
import TestSupport

let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// Runs `body` with a client that is being run, and stops it afterwards.
func withRedis<Value: Sendable>(
    _ configuration: RedisConfiguration, name: String = "test",
    onConnect: @escaping @Sendable (RedisSession) async throws -> Void = { _ in },
    onStateChange: @escaping @Sendable (Bool) -> Void = { _ in }, _ body: (RedisClient) async throws -> Value
) async throws -> Value {
    let client = RedisClient(
        configuration, name: name, group: MultiThreadedEventLoopGroup.singleton, logger: quiet, onConnect: onConnect,
        onStateChange: onStateChange)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await client.run() }
        let value = try await body(client)
        group.cancelAll()
        return value
    }
}

/// The same on the server that all tests share.
func withSharedRedis<Value: Sendable>(_ body: (RedisClient) async throws -> Value) async throws -> Value {
    try await withRedis(RedisConfiguration(url: try await SharedRedis.shared.url), body)
}

/// A key of its own for one test.
func ownKey() -> RedisArgument { "test-\(UInt64.random(in: .min ... .max))" }

extension RedisValue {
    static func text(_ text: String) -> RedisValue { .bulk(Array(text.utf8)) }
}
