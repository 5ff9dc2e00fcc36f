import NIOPosix
import Shared
import Synchronization
import TestSupport
import Testing

/// A primary that sentinels watch: found through them, and again after a failover.
@Suite struct RedisSentinelTests {
    @Test func `clients and subscriptions are at the new primary after a failover, and say that it is another server`()
        async throws
    {
        let redis = try await RedisSentinels.start()
        let configuration = try RedisConfiguration(url: redis.url)
        let sessions = Mutex<[Bool]>([])
        let heard = Mutex<[String]>([])
        let subscriptions = Mutex(0)
        let subscription = RedisSubscription(
            configuration, channels: ["news"], name: "test", group: MultiThreadedEventLoopGroup.singleton,
            logger: quiet, heartbeat: .milliseconds(200),
            onMessage: { _, bytes in heard.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) } },
            onSubscribed: { subscriptions.withLock { $0 += 1 } })
        try await withRedis(
            configuration, onConnect: { session in sessions.withLock { $0.append(session.isNewServer) } }
        ) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await subscription.run() }
                _ = try await client.send(RedisCommand("SET", "k", "v"))
                _ = try await client.send(RedisCommand("WAIT", "1", "5000"))
                try await eventually("it listens") { subscriptions.withLock { $0 } == 1 }

                try await redis.primary.kill9()

                try await eventually("the new primary takes writes", timeout: .seconds(30)) {
                    await isAnswered(client, RedisCommand("SET", "after", "v"))
                }
                #expect(try await client.send(RedisCommand("GET", "k")) == .text("v"))
                #expect(try await redisCLI(redis.replica.port, "GET", "after") == "v\n")
                try await eventually("it listens again", timeout: .seconds(20)) { subscriptions.withLock { $0 } >= 2 }
                _ = try await client.send(RedisCommand("PUBLISH", "news", "hello"))
                try await eventually("the message is heard") { heard.withLock { $0 } == ["hello"] }
                group.cancelAll()
            }
        }
        #expect(sessions.withLock { $0 } == [false, true])
        await redis.stop()
    }

    @Test func `a server that sentinels call the primary and is none is not used until it is`() async throws {
        let primary = try await RedisServer.start("--repl-diskless-sync-delay", "0")
        let replica = try await RedisServer.start("--replicaof", "127.0.0.1 \(primary.port)")
        let sentinel = try await RedisSentinels.Sentinel.start(primary: replica.port, downAfter: .seconds(60))
        let configuration = try RedisConfiguration(url: "redis+sentinel://127.0.0.1:\(sentinel.port)/main")

        try await withRedis(configuration) { client in
            let error = await #expect(throws: RedisError.self) {
                try await client.send(RedisCommand("GET", "k"), timeout: .milliseconds(500))
            }
            #expect(error?.code == .notConnected)
            _ = try await redisCLI(replica.port, "REPLICAOF", "NO", "ONE")
            #expect(try await client.send(RedisCommand("SET", "k", "v"), timeout: .seconds(20)) == .status("OK"))
        }
        await sentinel.stop()
        await replica.stop()
        await primary.stop()
    }

    @Test func `sentinels are asked in turn, with a password of their own`() async throws {
        let server = try await RedisServer.start(password: "servers")
        let sentinel = try await RedisSentinels.Sentinel.start(
            primary: server.port, downAfter: .seconds(60), password: "sentinels")
        let dead = try FreePort.find()
        var configuration = try RedisConfiguration(
            url: "redis+sentinel://:servers@127.0.0.1:\(dead),127.0.0.1:\(sentinel.port)/main/3")
        var access = RedisSentinel(service: "main")
        access.password = Secret("sentinels")
        configuration.topology = .sentinel(access)

        try await withRedis(configuration) { (client) async throws in
            #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
            #expect(try await client.send(RedisCommand("CLIENT", "INFO")).string?.contains(" db=3 ") == true)
        }

        access.service = "other"
        configuration.topology = .sentinel(access)
        try await withRedis(configuration) { client in
            let error = await #expect(throws: RedisError.self) {
                try await client.send(RedisCommand("PING"), timeout: .milliseconds(300))
            }
            #expect(error?.code == .notConnected)
        }
        await sentinel.stop()
        await server.stop()
    }

    private func isAnswered(_ client: RedisClient, _ command: RedisCommand) async -> Bool {
        do {
            _ = try await client.send(command, timeout: .seconds(1))
            return true
        } catch { return false }
    }
}
