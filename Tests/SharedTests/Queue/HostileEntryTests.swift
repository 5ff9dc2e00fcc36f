import TestSupport
import Testing

@testable import Shared

/// Entries whose numbers are as large as a producer can make them: whoever reads them goes on, and so do the others.
@Suite struct HostileEntryTests {
    private func add(_ queue: QueueFixture, _ entry: String, _ more: [String] = []) async throws -> String {
        let id = JobID.make(now: 1)
        var command = RedisCommand(
            "XADD", .string(queue.keys.queue(.normal)), .string(entry), "v", "1", "id", .string(id))
        for argument in more + ["req", "{}"] { command.append(.string(argument)) }
        try await queue.redis.send(command).throwIfError()
        return id
    }

    @Test(arguments: ["100000000000000", "9223372036854775807", "18446744073709551614"])
    func `an entry ID from the far future is sorted and claimed, and so is what comes after it`(_ time: String)
        async throws
    {
        try await QueueFixture.run { queue in
            var ids = [try await add(queue, "\(time)-1")]
            ids.append(try await add(queue, "*"))
            try await queue.sortAll()

            var claimed: [String] = []
            for _ in 0..<2 { claimed += try await queue.claim("w1", most: 1).map(\.job.id) }

            #expect(claimed == ids)
            #expect(try await queue.queue.sort(worker: "w1", olderThan: .milliseconds(100)) == 0)
        }
    }

    @Test(arguments: ["0", "9999999999999999", "99999999999999999999999"])
    func `an entry with any deadline is sorted and claimed`(_ deadline: String) async throws {
        try await QueueFixture.run { queue in
            _ = try await add(queue, "*", ["dl", deadline])
            _ = try await add(queue, "*", ["dl", "\(SystemWallClock().now + 60_000)"])
            try await queue.sortAll()

            let entries = try await queue.queue.claim(worker: "w1", free: 9, shares: [(.normal, 9)])

            #expect(entries.count == 2)
            #expect(try await queue.pending().count == 2)
        }
    }

    @Test func `the time of an entry is bounded, whatever its ID says`() {
        let times = ["5-1", "9223372036854775807-0", "18446744073709551615-3", "nonsense"].map {
            JobQueue.Entry(lane: .normal, entry: $0, fields: []).enqueuedAt
        }
        #expect(times == [5, Job.latestMoment, Job.latestMoment, 0])
    }

    @Test func `a log that is ahead of its entry ends when it is reaped, and is not tried for ever`() async throws {
        try await QueueFixture.run { queue in
            let job = try await queue.submit()
            let log = RedisArgument.string(queue.keys.log(job.id))
            _ = try await queue.redis.send(RedisCommand("XADD", log, "99999999999999999-5", "k", "d", "d", "x"))
            _ = try await queue.redis.send(RedisCommand("PEXPIRE", log, "60000"))
            _ = try await queue.claimOne("w1")

            let (verdict, _) = try await queue.reapOne("w2")

            #expect(verdict == .workerLost)
            #expect(try await queue.length() == 0)
        }
    }
}
