import TestSupport
import Testing

@testable import Shared

@Suite(.timeLimit(.minutes(1))) struct QueueAgesTests {
    /// An entry that was added so long ago by the clock of this machine, which is Redis' own.
    private func add(_ queue: QueueFixture, _ lane: Lane, age seconds: Int64) async throws {
        let time = SystemWallClock().now - seconds * 1000
        let command = RedisCommand(
            "XADD", .string(queue.keys.queue(lane)), .string("\(time)-0"), "v", "1", "id", .string(JobID.make(now: 1)),
            "dl", .int(SystemWallClock().now + 600_000), "req", .bytes(QueueFixture.body))
        try await queue.redis.send(command).throwIfError()
    }

    private func seconds(_ ages: [Lane: Duration]) -> [Lane: Int64] { ages.mapValues { $0.components.seconds } }

    @Test func `an empty queue has no ages`() async throws {
        try await QueueFixture.run { queue in
            let ages = try await queue.queue.ages()
            #expect(ages == QueueAges())
        }
    }

    @Test func `entries that no worker has read count, and those that were put in order`() async throws {
        try await QueueFixture.run { queue in
            try await add(queue, .normal, age: 100)
            try await add(queue, .normal, age: 50)
            #expect(try await seconds(queue.queue.ages().forWorkers) == [.normal: 100])

            try await queue.sortAll()
            try await add(queue, .batch, age: 30)
            #expect(try await seconds(queue.queue.ages().forWorkers) == [.normal: 100, .batch: 30])
        }
    }

    @Test func `entries that a worker holds do not wait`() async throws {
        try await QueueFixture.run(lease: .seconds(60)) { queue in
            try await add(queue, .high, age: 100)
            try await add(queue, .high, age: 20)
            let claim = try await queue.claimOne("w1")

            #expect(try await seconds(queue.queue.ages().forWorkers) == [.high: 20])
            _ = try await queue.complete(claim)
        }
    }

    @Test func `entries in rooms wait for an account, and not for a worker`() async throws {
        try await QueueFixture.run { queue in
            try await add(queue, .normal, age: 40)
            let claim = try await queue.claimOne("w1")
            _ = try await queue.park(claim)

            let ages = try await queue.queue.ages()
            #expect(seconds(ages.forAccounts) == [.normal: 40] && ages.forWorkers == [:])
        }
    }

    @Test func `an id of a producer's own making has no age`() async throws {
        try await QueueFixture.run { queue in
            let command = RedisCommand(
                "XADD", .string(queue.keys.queue(.normal)), "1-1", "v", "1", "id", .string(JobID.make(now: 1)), "req",
                .bytes(QueueFixture.body))
            try await queue.redis.send(command).throwIfError()

            #expect(try await queue.queue.ages().forWorkers == [:])
        }
    }
}
