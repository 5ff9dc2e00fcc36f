import NIOCore
import NIOPosix
import Shared
import Synchronization
import TestSupport
import Testing

@Suite struct RedisClientTests {
    @Test func `every byte value goes to the server and comes back`() async throws {
        try await withSharedRedis { redis in
            let all = (0...255).map { UInt8($0) } + Array("\r\n$5\r\n*1\r\n".utf8)
            let key = ownKey()

            _ = try await redis.send(RedisCommand("SET", key, .bytes(all)))

            #expect(try await redis.send(RedisCommand("GET", key)) == .bulk(all))
        }
    }

    @Test func `a megabyte is no different from a byte`() async throws {
        try await withSharedRedis { redis in
            let large = [UInt8](repeating: 7, count: 3 << 20)
            let key = ownKey()

            _ = try await redis.send(RedisCommand("SET", key, .bytes(large)))

            #expect(try await redis.send(RedisCommand("GET", key)) == .bulk(large))
        }
    }

    @Test func `a thousand callers at once each get their own reply`() async throws {
        try await withSharedRedis { redis in
            let answers = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<1000 {
                    group.addTask { try await redis.send(RedisCommand("ECHO", .int(number))) == .text("\(number)") }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }

            #expect(answers.count == 1000)
            #expect(answers.allSatisfy { $0 })
        }
    }

    @Test func `one caller's commands run in the order they were sent`() async throws {
        try await withSharedRedis { redis in
            let key = ownKey()
            for number in 0..<50 { _ = try await redis.send(RedisCommand("RPUSH", key, .int(number))) }

            let list = try await redis.send(RedisCommand("LRANGE", key, "0", "-1"))

            #expect(list == .list((0..<50).map { .text("\($0)") }))
        }
    }

    @Test func `an error reply is thrown, with its code and without arguments`() async throws {
        try await withSharedRedis { redis in
            let error = await #expect(throws: RedisError.self) {
                try await redis.send(RedisCommand("NOSUCHCOMMAND", "secret prompt"))
            }

            #expect(error?.code == .server)
            #expect(error?.prefix == "ERR")
            #expect(error?.description.contains("secret") == false)
            #expect(error?.mayHaveRun == false)
        }
    }

    @Test func `in a pipeline an error is a value among the others`() async throws {
        try await withSharedRedis { redis in
            let key = ownKey()
            let replies = try await redis.pipeline([
                RedisCommand("SET", key, "x"), RedisCommand("INCR", key), RedisCommand("GET", key),
            ])

            #expect(replies[0] == .status("OK"))
            #expect(replies[1].errorPrefix == "ERR")
            #expect(replies[2] == .text("x"))
            #expect(try await redis.pipeline([]).isEmpty)
        }
    }

    @Test func `a script that the server has forgotten is sent again by its source`() async throws {
        let server = try await RedisServer.start()
        try await withRedis(RedisConfiguration(url: server.url)) { redis in
            let script = RedisScript("return {KEYS[1], ARGV[1]}")
            let expected = RedisValue.list([.text("k"), .text("a")])

            #expect(try await redis.evaluate(script, keys: ["k"], args: ["a"]) == expected)
            _ = try await redis.send(RedisCommand("SCRIPT", "FLUSH"))
            #expect(try await redis.evaluate(script, keys: ["k"], args: ["a"]) == expected)
            let cached = try await redis.pipeline([script.command(keys: ["k"], arguments: RedisArguments(["a"]))])
            #expect(cached == [expected])
        }
        await server.stop()
    }

    @Test func `a cancelled caller returns at once, and the others still get their own replies`() async throws {
        try await withSharedRedis { redis in
            let key = ownKey()
            async let patient = redis.send(RedisCommand("BLPOP", key, "20"), timeout: .seconds(30))
            let impatient = Task { try await redis.send(RedisCommand("ECHO", "impatient")) }
            impatient.cancel()
            let result = await impatient.result
            #expect(throws: RedisError(.cancelled, "the caller was cancelled")) { try result.get() }

            async let behind = redis.send(RedisCommand("ECHO", "behind"))
            try await withSharedRedis { _ = try await $0.send(RedisCommand("RPUSH", key, "v")) }

            #expect(try await patient.array?.last == .text("v"))
            #expect(try await behind == .text("behind"))
        }
    }

    @Test func `a client that was not run refuses in time, and never sends`() async throws {
        let server = try await RedisServer.start()
        var configuration = try RedisConfiguration(url: server.url)
        configuration.commandTimeout = .milliseconds(100)
        await server.stop()

        try await withRedis(configuration) { redis in
            let error = await #expect(throws: RedisError.self) { try await redis.send(RedisCommand("PING")) }
            #expect(error?.code == .notConnected)
            #expect(error?.mayHaveRun == false)
            #expect(!redis.isConnected)
        }
    }

    @Test func `after its end a client refuses at once`() async throws {
        let redis = try await withSharedRedis { redis in
            _ = try await redis.send(RedisCommand("PING"))
            return redis
        }

        let error = await #expect(throws: RedisError.self) { try await redis.send(RedisCommand("PING")) }

        #expect(error?.code == .notConnected)
        #expect(!redis.isConnected)
    }

    @Test func `more waiting bytes than allowed are refused instead of kept`() async throws {
        let server = try await RedisServer.start()
        var configuration = try RedisConfiguration(url: server.url)
        configuration.maxPendingBytes = 1000
        await server.stop()

        try await withRedis(configuration) { redis in
            async let first = redis.send(
                RedisCommand("SET", "k", .bytes([UInt8](repeating: 0, count: 2000))), timeout: .seconds(60))
            try await eventually("the second is refused for lack of room") {
                do throws(RedisError) {
                    _ = try await redis.send(RedisCommand("PING"), timeout: .milliseconds(1))
                    return false
                } catch { return error.code == .overloaded }
            }
            redis.close()
            do {
                _ = try await first
                Issue.record("there was no server to answer")
            } catch let error as RedisError {
                #expect(error.code == .notConnected)
            }
        }
    }

    @Test func `what a server does not read counts as waiting`() async throws {
        let server = try await RedisServer.start()
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        var configuration = try RedisConfiguration(url: server.url)
        configuration.maxPendingBytes = 1000
        let redis = RedisClient(configuration, name: "test", group: loop, logger: quiet)
        /// Sent and given up at once, which leaves the connection alone.
        func isRefused() async -> Bool {
            let probe = Task { try await redis.send(RedisCommand("PING"), timeout: .seconds(30)) }
            probe.cancel()
            guard case .failure(let error as RedisError) = await probe.result else { return false }
            return error.code == .overloaded
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await redis.run() }
            _ = try await redis.send(RedisCommand("PING"))
            server.pause()
            // More than the kernel's buffers take.
            let large = RedisCommand("SET", "k", .bytes([UInt8](repeating: 0, count: 32 << 20)))
            async let reply = redis.send(large, timeout: .seconds(30))
            try await eventually("the large command is on its way") { await isRefused() }
            try await loop.submit {}.get()

            #expect(await isRefused())

            server.resume()
            #expect(try await reply == .status("OK"))
            #expect(try await redis.send(RedisCommand("PING")) == .status("PONG"))
            group.cancelAll()
        }
        await server.stop()
    }

    @Test func `a caller that is cancelled while there is no connection is never sent`() async throws {
        let server = try await RedisServer.start("--appendfsync", "always")
        let told = Mutex(false)
        try await withRedis(
            RedisConfiguration(url: server.url), onStateChange: { isOpen in told.withLock { $0 = !isOpen } }
        ) { redis in
            _ = try await redis.send(RedisCommand("SET", "n", "0"))
            try await server.kill9()
            try await eventually("the loss is told") { told.withLock { $0 } }
            let waiting = Task { try await redis.send(RedisCommand("INCR", "n"), timeout: .seconds(20)) }
            let patient = Task { try await redis.send(RedisCommand("PING"), timeout: .seconds(20)) }
            waiting.cancel()
            await #expect(throws: RedisError.self) { try await waiting.value }
            try await server.restart()

            #expect(try await patient.value == .status("PONG"))
            #expect(try await redis.send(RedisCommand("GET", "n")) == .text("0"))
        }
        await server.stop()
    }

    @Test(arguments: [
        (RedisError.Code.notConnected, false), (.overloaded, false), (.configuration, false), (.connectionLost, true),
        (.timeout, true), (.cancelled, true), (.replyTooLarge, true), (.protocolViolation, true),
    ])
    func `an error says whether the command may have run`(_ code: RedisError.Code, _ mayHaveRun: Bool) {
        #expect(RedisError(code, "x").mayHaveRun == mayHaveRun)
    }

    @Test(arguments: ["LOADING x", "READONLY x", "UNBLOCKED x", "OOM x"])
    func `a server's passing trouble is told from a refusal`(_ text: String) {
        #expect(RedisError(reply: text).isTransient)
        #expect(!RedisError(reply: "ERR x").isTransient)
    }

    @Test func `the state of the connection is told as it changes`() async throws {
        let server = try await RedisServer.start()
        let states = Mutex<[Bool]>([])
        try await withRedis(
            RedisConfiguration(url: server.url), onStateChange: { state in states.withLock { $0.append(state) } }
        ) { redis in
            _ = try await redis.send(RedisCommand("PING"))
            try await server.kill9()
            try await eventually("the loss is told") { states.withLock { $0 } == [true, false] }
            try await server.restart()
            _ = try await redis.send(RedisCommand("PING"))
        }

        #expect(states.withLock { $0 } == [true, false, true, false])
        await server.stop()
    }
}
