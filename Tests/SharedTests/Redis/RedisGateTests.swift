import Shared
import Synchronization
import TestSupport
import Testing

/// `onConnect` runs on a fresh connection before anybody else's commands.
@Suite struct RedisGateTests {
    private struct Refused: Error {}

    @Test func `commands wait until onConnect is done, whose own commands pass`() async throws {
        let server = try await RedisServer.start()
        let configuration = try RedisConfiguration(url: server.url)
        try await withRedis(
            configuration,
            onConnect: { session in
                _ = try await session.send(RedisCommand("RPUSH", "order", "first"))
                for reply in try await session.pipeline([RedisCommand("RPUSH", "order", "second")]) {
                    try reply.throwIfError()
                }
            }
        ) { redis in
            _ = try await redis.send(RedisCommand("RPUSH", "order", "third"))

            let order = try await redis.send(RedisCommand("LRANGE", "order", "0", "-1"))
            #expect(order == .list([.text("first"), .text("second"), .text("third")]))
        }
        await server.stop()
    }

    @Test func `a reconnect to the same process is told from one to another process`() async throws {
        let server = try await RedisServer.start()
        let proxy = try await FaultProxy.start(to: server.port)
        let news = Mutex<[Bool]>([])
        try await withRedis(
            RedisConfiguration(url: proxy.url),
            onConnect: { session in news.withLock { $0.append(session.isNewServer) } }
        ) { redis in
            _ = try await redis.send(RedisCommand("PING"))
            proxy.cutAll()
            try await eventually("it has connected again") { news.withLock { $0.count } == 2 && redis.isConnected }
            try await server.kill9()
            try await server.restart()
            try await eventually("it has connected a third time") {
                news.withLock { $0.count } == 3 && redis.isConnected
            }
        }

        #expect(news.withLock { $0 } == [false, false, true])
        try await proxy.stop()
        await server.stop()
    }

    @Test func `a refusal of onConnect drops the connection and is tried again`() async throws {
        let server = try await RedisServer.start()
        let attempts = Mutex(0)
        try await withRedis(
            RedisConfiguration(url: server.url),
            onConnect: { _ in
                let attempt = attempts.withLock {
                    $0 += 1; return $0
                }
                if attempt < 3 { throw Refused() }
            }
        ) { redis async throws in
            #expect(try await redis.send(RedisCommand("PING")) == .status("PONG"))
        }

        #expect(attempts.withLock { $0 } == 3)
        await server.stop()
    }

    @Test func `a connection that ends while onConnect runs takes no waiting command with it`() async throws {
        let server = try await RedisServer.start()
        let proxy = try await FaultProxy.start(to: server.port)
        let attempts = Mutex(0)
        try await withRedis(
            RedisConfiguration(url: proxy.url),
            onConnect: { session in
                guard
                    attempts.withLock({ count in
                        count += 1
                        return count
                    }) == 1
                else { return }
                proxy.cutAll()
                try await eventually("the connection is gone") {
                    do throws(RedisError) { _ = try await session.send(RedisCommand("PING")) } catch { return true }
                    return false
                }
            }
        ) { redis async throws in
            #expect(try await redis.send(RedisCommand("PING"), timeout: .seconds(20)) == .status("PONG"))
        }

        #expect(attempts.withLock { $0 } == 2)
        try await proxy.stop()
        await server.stop()
    }

    @Test func `a server that onConnect never accepted still counts as new the next time`() async throws {
        let server = try await RedisServer.start()
        let seen = Mutex<[Bool]>([])
        try await withRedis(
            RedisConfiguration(url: server.url),
            onConnect: { session in
                let count = seen.withLock { seen in
                    seen.append(session.isNewServer)
                    return seen.count
                }
                if count == 2 { throw Refused() }
            }
        ) { redis in
            _ = try await redis.send(RedisCommand("PING"))
            try await server.kill9()
            try await server.restart()
            try await eventually("it is accepted at the second try") {
                seen.withLock { $0.count } == 3 && redis.isConnected
            }
        }

        #expect(seen.withLock { $0 } == [false, true, true])
        await server.stop()
    }
}
