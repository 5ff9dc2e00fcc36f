package import Logging
package import NIOCore
import NIOPosix

extension RedisClient {
    /// Runs `body` with a connection that exists for no longer than that.
    package static func briefly<Value: Sendable>(
        _ configuration: RedisConfiguration, name: String, home: String = "",
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, logger: Logger,
        _ body: (RedisClient) async -> Value
    ) async -> Value {
        let client = RedisClient(configuration, name: name, home: home, group: group, logger: logger)
        return await withTaskGroup(of: Void.self) { tasks in
            // It throws nothing: what `Service` asks for is all there is in its signature.
            tasks.addTask { try? await client.run() }
            let value = await body(client)
            client.close()
            tasks.cancelAll()
            return value
        }
    }
}
