import Shared
import TestSupport
import Testing

/// Heartbeats alone tell which workers are alive.
@Suite(.timeLimit(.minutes(1)))
struct HeartbeatTests {
    @Test func `a worker is alive from its first heartbeat to its last, whatever it reads meanwhile`() async throws {
        try await QueueFixture.run(lease: .seconds(15)) { queue in
            #expect(try await queue.queue.liveWorkers() == 0)
            try await queue.queue.beat("w1")
            try await queue.queue.beat("w2")
            try await queue.queue.beat("w1")
            #expect(try await queue.queue.liveWorkers() == 2)

            try await queue.queue.stopBeating("w1")

            #expect(try await queue.queue.liveWorkers() == 1)
            #expect(try await queue.ttl(queue.keys.workers) > 10_000)
        }
    }

    @Test func `a heartbeat that is not repeated expires`() async throws {
        try await QueueFixture.run { queue in
            try await queue.queue.beat("w-long", for: .seconds(60))
            try await queue.queue.beat("w-short", for: .milliseconds(50))

            try await eventually("one is left") { try await queue.queue.liveWorkers() == 1 }
            try await queue.queue.beat("w-long", for: .seconds(60))
            #expect(try await queue.redis.send(RedisCommand("ZCARD", .string(queue.keys.workers))).int == 1)
        }
    }

    @Test func `a consumer with a heartbeat is not forgotten, however long it read nothing`() async throws {
        try await QueueFixture.run { queue in
            for worker in ["w-alive", "w-gone"] {
                let claim = try await queue.running(worker)
                _ = try await queue.finish(claim.attempt)
            }
            try await queue.queue.beat("w-alive", for: .seconds(60))

            try await queue.queue.forgetConsumers(idle: .zero)

            #expect(try await consumers(queue) == ["w-alive"])
        }
    }

    @Test func `a full memory does not make workers look dead`() async throws {
        let server = try await RedisServer.start("--maxmemory", "4mb", "--appendonly", "no")
        try await QueueFixture.run(server: server) { queue in
            try await queue.queue.beat("w1", for: .seconds(60))
            let filler = RedisArgument.bytes([UInt8](repeating: 1, count: 50_000))
            try await eventually("the memory is full") {
                let commands = (0..<20).map {
                    RedisCommand(
                        "SET", .string("\(queue.keys.prefix)\($0)-\(UInt64.random(in: .min ... .max))"), filler, "EX",
                        "60")
                }
                return try await queue.redis.pipeline(commands).contains { $0.errorPrefix == "OOM" }
            }

            try await queue.queue.beat("w2", for: .seconds(60))

            #expect(try await queue.queue.liveWorkers() == 2)
        }
        await server.stop()
    }

    private func consumers(_ queue: QueueFixture) async throws -> [String] {
        let reply = try await queue.redis.send(
            RedisCommand("XINFO", "CONSUMERS", .string(queue.keys.queue(.normal)), .string(QueueKeys.group)))
        return (reply.array ?? []).compactMap { $0.array?[1].string }.sorted()
    }
}
