import Shared
import Synchronization
import TestSupport
import Testing

/// A Redis that dies, hangs, restarts or loses replies: killed for real, or cut by a proxy in front of it.
@Suite struct RedisFaultTests {
    private func withProxy(
        _ change: (inout RedisConfiguration) -> Void = { _ in },
        _ body: (RedisClient, FaultProxy, RedisServer) async throws -> Void
    ) async throws {
        let server = try await RedisServer.start()
        let proxy = try await FaultProxy.start(to: server.port)
        var configuration = try RedisConfiguration(url: proxy.url)
        change(&configuration)
        try await withRedis(configuration) { redis in
            _ = try await redis.send(RedisCommand("SET", "k", "v"))
            try await body(redis, proxy, server)
        }
        try await proxy.stop()
        await server.stop()
    }

    private func code(_ redis: RedisClient, _ command: RedisCommand, timeout: Duration? = nil) async -> RedisError.Code?
    {
        do {
            _ = try await redis.send(command, timeout: timeout)
            return nil
        } catch { return error.code }
    }

    @Test func `a server that is killed and comes back is used again by the same client`() async throws {
        let server = try await RedisServer.start("--appendfsync", "always")
        try await withRedis(RedisConfiguration(url: server.url)) { redis in
            _ = try await redis.send(RedisCommand("SET", "k", "v"))
            try await server.kill9()
            async let waiting = redis.send(RedisCommand("GET", "k"), timeout: .seconds(20))
            try await server.restart()

            do {
                #expect(try await waiting == .text("v"))
            } catch let error as RedisError {
                // It was handed to the old connection before anybody knew that it was dead.
                #expect(error.code == .connectionLost)
            }
            #expect(try await redis.send(RedisCommand("GET", "k")) == .text("v"))
        }
        await server.stop()
    }

    @Test func `a lost reply says that the command may have run, and it has`() async throws {
        try await withProxy { (redis, proxy, _) async throws in
            proxy.loseReply()

            #expect(await code(redis, RedisCommand("INCR", "n")) == .connectionLost)

            #expect(try await redis.send(RedisCommand("GET", "n")) == .text("1"))
            #expect(proxy.counters.lostReplies == 1)
        }
    }

    @Test func `a reply that is cut in the middle is not believed`() async throws {
        try await withProxy { redis, proxy, _ in
            _ = try await redis.send(RedisCommand("SET", "large", .bytes([UInt8](repeating: 97, count: 5000))))
            proxy.set { $0.cutAfterReplyBytes = 2000 }

            #expect(await code(redis, RedisCommand("GET", "large")) == .connectionLost)

            #expect(try await redis.send(RedisCommand("STRLEN", "large")) == .integer(5000))
        }
    }

    @Test func `a server that does not answer in time loses its connection, and the next one works`() async throws {
        try await withProxy { (redis, proxy, server) async throws in
            server.pause()
            #expect(await code(redis, RedisCommand("PING"), timeout: .milliseconds(150)) == .timeout)
            server.resume()

            #expect(try await redis.send(RedisCommand("GET", "k")) == .text("v"))
            #expect(proxy.counters.connections >= 2)
        }
    }

    @Test func `a half-open connection is given up by the first command's time-out`() async throws {
        try await withProxy { (redis, proxy, _) async throws in
            proxy.set { $0.isHalfOpen = true }
            #expect(await code(redis, RedisCommand("PING"), timeout: .milliseconds(150)) == .timeout)
            proxy.set { $0.isHalfOpen = false }

            #expect(try await redis.send(RedisCommand("GET", "k"), timeout: .seconds(20)) == .text("v"))
        }
    }

    @Test func `replies that come byte by byte are the same replies`() async throws {
        try await withProxy { redis, proxy, _ in
            proxy.set { $0.isByteByByte = true }
            let value = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
            _ = try await redis.send(RedisCommand("SET", "bytes", .bytes(value)))

            let replies = try await redis.pipeline((0..<20).map { _ in RedisCommand("GET", "bytes") })

            #expect(replies.allSatisfy { $0 == .bulk(value) })
        }
    }

    @Test func `a slow network only takes longer`() async throws {
        try await withProxy { redis, proxy, _ in
            proxy.set {
                $0.replyDelay = .milliseconds(30)
                $0.requestDelay = .milliseconds(30)
                $0.bytesPerSecond = 100_000
            }
            let start = ContinuousClock.now
            let replies = try await redis.pipeline((0..<100).map { RedisCommand("ECHO", .int($0)) })

            #expect(replies == (0..<100).map { .text("\($0)") })
            #expect(ContinuousClock.now - start >= .milliseconds(60))
        }
    }

    @Test func `a reply larger than allowed ends its connection, not the client`() async throws {
        try await withProxy({ $0.maxReplyBytes = 100_000 }) { redis, _, _ in
            _ = try await redis.send(RedisCommand("SET", "large", .bytes([UInt8](repeating: 97, count: 500_000))))

            #expect(await code(redis, RedisCommand("GET", "large")) == .replyTooLarge)

            #expect(try await redis.send(RedisCommand("GET", "k")) == .text("v"))
        }
    }

    @Test func `a reply nested deeper than the parser goes ends its connection, not the client`() async throws {
        try await withProxy { (redis, _, _) async throws in
            let deep = RedisCommand("EVAL", "return {{{{{{{{{{{{1}}}}}}}}}}}}", "0")

            #expect(await code(redis, deep) == .protocolViolation)

            #expect(try await redis.send(RedisCommand("GET", "k")) == .text("v"))
        }
    }

    @Test func `all callers of a cut connection are told, and none hangs`() async throws {
        try await withProxy { (redis, proxy, server) async throws in
            server.pause()
            let codes = await withTaskGroup(of: RedisError.Code?.self) { group in
                for _ in 0..<200 {
                    group.addTask { await code(redis, RedisCommand("GET", "k"), timeout: .seconds(20)) }
                }
                group.addTask {
                    do {
                        try await eventually("requests are on their way") { proxy.counters.requestBytes > 4000 }
                    } catch { return .timeout }
                    server.resume()
                    proxy.cutAll()
                    return nil
                }
                return await group.reduce(into: []) { $0.append($1) }
            }

            #expect(codes.count == 201)
            #expect(codes.allSatisfy { $0 == nil || $0 == .connectionLost })
            #expect(try await redis.send(RedisCommand("GET", "k")) == .text("v"))
        }
    }

    @Test func `a refused connection is tried again until it is accepted`() async throws {
        try await withProxy { redis, proxy, _ in
            proxy.set { $0.refusesConnections = true }
            proxy.cutAll()
            try await eventually("several attempts were refused") { proxy.counters.connections >= 4 }
            proxy.set { $0.refusesConnections = false }

            #expect(try await redis.send(RedisCommand("GET", "k"), timeout: .seconds(20)) == .text("v"))
        }
    }

    @Test func `a server that takes connections and drops them is not hammered`() async throws {
        let server = try await RedisServer.start()
        let proxy = try await FaultProxy.start(to: server.port)
        var configuration = try RedisConfiguration(url: proxy.url)
        configuration.backoff = .milliseconds(1)
        configuration.maxBackoff = .seconds(10)
        let openings = Mutex(0)
        let start = ContinuousClock.now

        try await withRedis(
            configuration,
            onStateChange: { isOpen in
                guard isOpen else { return }
                openings.withLock { $0 += 1 }
                proxy.cutAll()
            }
        ) { _ in
            try await eventually("it has come back often") { openings.withLock { $0 } >= 12 }
        }

        // Eleven pauses, doubling from 1 ms, each at least a tenth of its ceiling.
        #expect(ContinuousClock.now - start >= .milliseconds(204))
        try await proxy.stop()
        await server.stop()
    }

    @Test func `a server that is still loading its data is waited for`() async throws {
        let server = try await RedisServer.start("--appendonly", "no")
        try await withRedis(RedisConfiguration(url: server.url)) { redis in
            _ = try await redis.pipeline(
                (0..<100).map { RedisCommand("SET", "k\($0)", .bytes([UInt8](repeating: 1, count: 2000))) })
            _ = try await redis.send(RedisCommand("SAVE"))
        }
        try await server.kill9()
        try await server.restart(
            "--key-load-delay", "5000", "--loading-process-events-interval-bytes", "1024", isReady: false)

        try await withRedis(RedisConfiguration(url: server.url)) { redis async throws in
            #expect(try await redis.send(RedisCommand("DBSIZE"), timeout: .seconds(20)) == .integer(100))
        }
        await server.stop()
    }

    @Test func `a server that has become a replica is left, in case another one took over`() async throws {
        let connections = Mutex(0)
        let server = try await RedisServer.start()
        try await withRedis(RedisConfiguration(url: server.url), onConnect: { _ in connections.withLock { $0 += 1 } }) {
            redis in
            _ = try await redis.send(RedisCommand("REPLICAOF", "127.0.0.1", "1"))
            let error = await #expect(throws: RedisError.self) { try await redis.send(RedisCommand("SET", "k", "v")) }
            #expect(error?.prefix == "READONLY")
            try await eventually("it connects anew") { connections.withLock { $0 } == 2 }

            _ = try await redis.send(RedisCommand("REPLICAOF", "NO", "ONE"))
            #expect(try await redis.send(RedisCommand("SET", "k", "v")) == .status("OK"))
        }
        await server.stop()
    }

    @Test func `a replica that refuses one of a script's many writes is left, too`() async throws {
        let connections = Mutex(0)
        let server = try await RedisServer.start()
        try await withRedis(RedisConfiguration(url: server.url), onConnect: { _ in connections.withLock { $0 += 1 } }) {
            redis in
            _ = try await redis.send(RedisCommand("REPLICAOF", "127.0.0.1", "1"))
            let reply = try await redis.send(
                RedisCommand("EVAL", "return {1, redis.pcall('SET', KEYS[1], 'v')}", "1", "k"))

            #expect(reply.array?.last?.errorPrefix == "READONLY")
            try await eventually("it connects anew") { connections.withLock { $0 } == 2 }
        }
        await server.stop()
    }
}
