import Shared
import Synchronization
import TestSupport
import Testing

/// Access to Redis: passwords, users, databases, TLS.
@Suite struct RedisAccessTests {
    @Test func `the right password opens, a wrong one or none does not`() async throws {
        let server = try await RedisServer.start(password: "right%word")
        func ping(_ access: String, timeout: Duration? = nil) async throws -> RedisValue {
            let configuration = try RedisConfiguration(url: "redis://\(access)127.0.0.1:\(server.port)")
            return try await withRedis(configuration) { try await $0.send(RedisCommand("PING"), timeout: timeout) }
        }

        #expect(try await ping(":right%25word@") == .status("PONG"))
        #expect(try await ping("default:right%25word@") == .status("PONG"))
        for access in [":wrong@", "nobody:right%25word@", ""] {
            let error = await #expect(throws: RedisError.self) { try await ping(access, timeout: .milliseconds(300)) }
            #expect(error?.code == .notConnected)
        }
        await server.stop()
    }

    @Test func `the database of the URL is used, also after a reconnect`() async throws {
        let server = try await RedisServer.start()
        let connections = Mutex(0)
        try await withRedis(
            RedisConfiguration(url: server.url + "/5"), name: "me", onConnect: { _ in connections.withLock { $0 += 1 } }
        ) { redis in
            _ = try await redis.send(RedisCommand("SET", "k", "v"))
            _ = try await redis.send(RedisCommand("CLIENT", "KILL", "SKIPME", "no", "TYPE", "normal"))
            try await eventually("it has connected again") { connections.withLock { $0 } == 2 }
            #expect(try await redis.send(RedisCommand("GET", "k")) == .text("v"))
            #expect(try await redis.send(RedisCommand("CLIENT", "GETNAME")) == .text("me"))
        }
        try await withRedis(RedisConfiguration(url: server.url)) { redis async throws in
            #expect(try await redis.send(RedisCommand("GET", "k")) == .null)
        }
        await server.stop()
    }

    @Test func `TLS works with an own authority and a client certificate`() async throws {
        let certificates = try await TestCertificates.make()
        let server = try await RedisServer.start(certificates: certificates)
        let configuration = try RedisConfiguration(
            url: server.url, caFile: certificates.ca, certFile: certificates.clientCertificate,
            keyFile: certificates.clientKey)

        let pong = try await withRedis(configuration) { try await $0.send(RedisCommand("PING")) }

        #expect(pong == .status("PONG"))
        await server.stop()
    }

    @Test func `a server that a foreign authority signed is not talked to`() async throws {
        let server = try await RedisServer.start(certificates: try await TestCertificates.make())
        let foreign = try await TestCertificates.make()
        let configuration = try RedisConfiguration(
            url: server.url, caFile: foreign.ca, certFile: foreign.clientCertificate, keyFile: foreign.clientKey)

        try await withRedis(configuration) { redis in
            let error = await #expect(throws: RedisError.self) {
                try await redis.send(RedisCommand("PING"), timeout: .milliseconds(500))
            }
            #expect(error?.code == .notConnected)
        }
        await server.stop()
    }
}
