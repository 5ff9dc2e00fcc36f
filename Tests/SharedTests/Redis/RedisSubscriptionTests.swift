import NIOPosix
import Shared
import Synchronization
import TestSupport
import Testing

@Suite struct RedisSubscriptionTests {
    /// The reports of a subscription so far.
    private final class Ear: Sendable {
        let messages = Mutex<[String]>([])
        let confirmations = Mutex(0)

        func isConfirmed(times: Int) -> Bool { confirmations.withLock { $0 } >= times }
        var heard: [String] { messages.withLock { $0 } }
    }

    private func listening(
        _ url: String, _ channels: [String], heartbeat: Duration = .seconds(3),
        _ body: (Ear) async throws -> Void
    ) async throws {
        let ear = Ear()
        let subscription = RedisSubscription(
            try RedisConfiguration(url: url), channels: channels, name: "ear",
            group: MultiThreadedEventLoopGroup.singleton, logger: quiet, heartbeat: heartbeat,
            onMessage: { channel, payload in
                ear.messages.withLock { $0.append("\(channel):\(String(decoding: payload, as: UTF8.self))") }
            },
            onSubscribed: { ear.confirmations.withLock { $0 += 1 } })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await subscription.run() }
            try await eventually("it has subscribed") { ear.isConfirmed(times: 1) }
            try await body(ear)
            group.cancelAll()
        }
    }

    @Test func `messages of all channels arrive in order`() async throws {
        let url = try await SharedRedis.shared.url
        let (one, two) = ("ch-\(UInt64.random(in: .min ... .max))", "ch-\(UInt64.random(in: .min ... .max))")
        try await listening(url, [one, two]) { ear in
            try await withSharedRedis { redis in
                _ = try await redis.pipeline(
                    (0..<500).map { RedisCommand("PUBLISH", .string($0.isMultiple(of: 2) ? one : two), .int($0)) })
            }

            try await eventually("all have arrived") { ear.heard.count == 500 }
            #expect(ear.heard == (0..<500).map { "\($0.isMultiple(of: 2) ? one : two):\($0)" })
            #expect(ear.confirmations.withLock { $0 } == 1)
        }
    }

    @Test func `after a server's death it listens again by itself, and says so`() async throws {
        let server = try await RedisServer.start()
        try await listening(server.url, ["ch"]) { ear in
            try await server.kill9()
            try await server.restart()
            try await eventually("it has subscribed again") { ear.isConfirmed(times: 2) }

            try await withRedis(RedisConfiguration(url: server.url)) { redis async throws in
                #expect(try await redis.send(RedisCommand("PUBLISH", "ch", "back")) == .integer(1))
            }
            try await eventually("the message arrives") { ear.heard == ["ch:back"] }
        }
        await server.stop()
    }

    @Test func `a half-open connection is noticed without any traffic`() async throws {
        let server = try await RedisServer.start()
        let proxy = try await FaultProxy.start(to: server.port)
        try await listening(proxy.url, ["ch"], heartbeat: .milliseconds(100)) { ear in
            // A busy machine may have needed more than one connection to get here.
            let (connections, confirmations) = (proxy.counters.connections, ear.confirmations.withLock { $0 })
            proxy.set { $0.isHalfOpen = true }
            try await eventually("it tries another connection") { proxy.counters.connections > connections }
            proxy.set { $0.isHalfOpen = false }

            try await eventually("it has subscribed again") { ear.isConfirmed(times: confirmations + 1) }
        }
        try await proxy.stop()
        await server.stop()
    }

    @Test func `a quiet channel keeps its connection`() async throws {
        let server = try await RedisServer.start()
        let proxy = try await FaultProxy.start(to: server.port)
        try await listening(proxy.url, ["ch"], heartbeat: .seconds(1)) { ear in
            let before = proxy.counters.replyBytes
            // An answer to PING has 20 bytes.
            try await eventually("three heartbeats were answered") { proxy.counters.replyBytes - before >= 60 }

            #expect(proxy.counters.connections == 1)
            #expect(ear.heard.isEmpty)
        }
        try await proxy.stop()
        await server.stop()
    }
}
