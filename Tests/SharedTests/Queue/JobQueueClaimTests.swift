import NIOPosix
import Shared
import TestSupport
import Testing

/// CLAIM over three lanes, waiting for work, and the groups behind both.
@Suite struct JobQueueClaimTests {
    private func fill(_ queue: QueueFixture, _ count: Int, _ lanes: [Lane] = Lane.allCases) async throws {
        for lane in lanes {
            for _ in 0..<count { try await queue.submit(lane: lane) }
        }
    }

    private func counts(_ entries: [JobQueue.Entry]) -> [Int] {
        Lane.allCases.map { lane in entries.count { $0.lane == lane } }
    }

    @Test(arguments: 0...12)
    func `never more is claimed than there are free slots, over all lanes together`(_ free: Int) async throws {
        try await QueueFixture.run { queue in
            try await fill(queue, 3)

            let entries = try await queue.queue.claim(
                worker: "w1", free: free, shares: Lane.allCases.map { ($0, free) })

            #expect(entries.count == min(free, 9))
            let held = try await [queue.pending(.high), queue.pending(.normal), queue.pending(.batch)]
            #expect(held.map(\.count).reduce(0, +) == entries.count)
        }
    }

    @Test(arguments: [
        (7, [3, 2, 1], [4, 2, 1]), (6, [3, 2, 1], [3, 2, 1]), (4, [3, 2, 1], [3, 1, 0]), (1, [0, 0, 1], [0, 0, 1]),
        (3, [0, 0, 0], [3, 0, 0]), (30, [1, 1, 1], [10, 10, 10]), (2, [5, 5, 5], [2, 0, 0]),
    ])
    func `shares are taken first, the rest is filled up in order`(
        _ free: Int, _ shares: [Int], _ expected: [Int]
    ) async throws {
        try await QueueFixture.run { queue in
            try await fill(queue, 10)

            let entries = try await queue.queue.claim(
                worker: "w1", free: free, shares: Array(zip(Lane.allCases, shares)).map { ($0, $1) })

            #expect(counts(entries) == expected)
        }
    }

    @Test func `the share of an empty lane goes to the others`() async throws {
        try await QueueFixture.run { queue in
            try await fill(queue, 10, [.batch])

            let entries = try await queue.queue.claim(
                worker: "w1", free: 6, shares: [(.high, 3), (.normal, 2), (.batch, 1)])

            #expect(counts(entries) == [0, 0, 6])
        }
    }

    @Test func `two workers never claim the same entry, and each lane is in order`() async throws {
        try await QueueFixture.run { queue in
            var ids: [String] = []
            for _ in 0..<20 { ids.append(try await queue.submit().id) }

            var claimed: [String] = []
            for worker in ["w1", "w2", "w1", "w2"] { claimed += try await queue.claim(worker, most: 5).map(\.job.id) }

            #expect(claimed == ids)
            #expect(try await queue.claim("w3").isEmpty)
        }
    }

    @Test func `a waiting worker is woken by the first job, in any lane`() async throws {
        try await QueueFixture.run { queue in
            try await withBlockingClient(queue) { connection in
                for lane in Lane.allCases {
                    async let woken = queue.queue.awaitWork(worker: "w1", block: .seconds(20), on: connection)
                    try await eventually("the worker waits") { try await isBlocked(queue) }
                    let job = try await queue.submit(lane: lane)

                    let entries = try await woken.map { try queue.claim($0, "w1").job }

                    #expect(entries.map(\.id) == [job.id])
                    #expect(entries.map(\.lane) == [lane])
                }
            }
        }
    }

    @Test func `a waiting worker takes at most one entry per lane`() async throws {
        try await QueueFixture.run { queue in
            try await fill(queue, 5)
            try await withBlockingClient(queue) { connection in
                let entries = try await queue.queue.awaitWork(worker: "w1", block: .seconds(1), on: connection)
                #expect(counts(entries) == [1, 1, 1])
            }
        }
    }

    @Test func `waiting for nothing ends after its time`() async throws {
        try await QueueFixture.run { queue in
            try await withBlockingClient(queue) { connection async throws in
                #expect(try await queue.queue.awaitWork(worker: "w1", block: .milliseconds(20), on: connection).isEmpty)
            }
        }
    }

    @Test func `a destroyed group is reported, and once it is made again nothing was skipped`() async throws {
        try await QueueFixture.run { queue in
            let job = try await queue.submit()
            _ = try await queue.claimOne("w1")
            _ = try await queue.redis.send(
                RedisCommand("XGROUP", "DESTROY", .string(queue.keys.queue(.normal)), "workers"))

            let error = await #expect(throws: RedisError.self) { try await queue.claim("w1") }
            #expect(error?.prefix == "NOGROUP")
            try await queue.queue.createGroups()

            #expect(try await queue.claimOne("w2").job.id == job.id)
        }
    }

    @Test func `groups that are there already are left alone`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit()
            _ = try await queue.claimOne("w1")

            try await queue.queue.createGroups()

            #expect(try await queue.pending() == ["w1:1"])
        }
    }

    @Test func `consumers that hold nothing are forgotten, those that hold something are not`() async throws {
        try await QueueFixture.run { queue in
            let idle = try await queue.running("w-idle")
            _ = try await queue.finish(idle.attempt)
            _ = try await queue.running("w-busy")

            try await queue.queue.forgetConsumers(idle: .seconds(60))
            #expect(try await consumers(queue) == ["w-busy", "w-idle"])
            try await queue.queue.forgetConsumers(idle: .zero)

            #expect(try await consumers(queue) == ["w-busy"])
            #expect(try await queue.pending() == ["w-busy:1"])
        }
    }

    // MARK: - Helpers

    private func consumers(_ queue: QueueFixture) async throws -> [String] {
        let reply = try await queue.redis.send(
            RedisCommand("XINFO", "CONSUMERS", .string(queue.keys.queue(.normal)), "workers"))
        return (reply.array ?? []).compactMap { $0.array?[1].string }.sorted()
    }

    private func withBlockingClient(_ queue: QueueFixture, _ body: (RedisClient) async throws -> Void) async throws {
        // Named like the keys, so that a test finds its own connection on the shared server.
        try await withRedis(queue.redis.configuration, name: queue.keys.prefix, body)
    }

    private func isBlocked(_ queue: QueueFixture) async throws -> Bool {
        let clients = try await queue.redis.send(RedisCommand("CLIENT", "LIST")).string ?? ""
        return clients.split(separator: "\n").contains {
            $0.contains("name=\(queue.keys.prefix)") && $0.contains(" flags=b ")
        }
    }
}
