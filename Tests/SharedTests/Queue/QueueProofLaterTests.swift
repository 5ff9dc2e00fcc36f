import Shared
import TestSupport
import Testing

/// Holes 17 to 23 of an earlier protocol, found by experiments with the implementation.
///
/// Number 20 and the rest of 17 and 21 show only in a worker (`RunningJobsTests`, `ReaperTests`, `BodyTests`), 22 only
/// in a shim. docs/queue-protocol.md describes the protocol without them.
@Suite struct QueueProofLaterTests {
    private static let day: Int64 = 86_400_000

    @Test func `17: two lanes hold the same entry ID, and each job is its own`() async throws {
        try await QueueFixture.run { queue in
            for lane in [Lane.high, .normal] {
                var add = RedisCommand("XADD", .string(queue.keys.queue(lane)), "7-7", "v", "1")
                for argument in ["id", JobID.make(now: 1), "dl", "\(SystemWallClock().now + 60_000)", "req", "{}"] {
                    add.append(.string(argument))
                }
                _ = try await queue.redis.send(add)
            }
            let claims = try await queue.claim("w1")
            #expect(claims.map(\.attempt.entry) == ["7-7", "7-7"])
            for claim in claims {
                #expect(try await queue.queue.start(claim.attempt, usage: queue.row(1)) == .started)
            }

            #expect(try await queue.queue.renew(claims.map(\.attempt)) == [])
            #expect(try await queue.finish(claims[0].attempt) == .ok)

            #expect(try await queue.pending(claims[1].job.lane) == ["w1:1"])
            #expect(try await queue.finish(claims[1].attempt) == .ok)
        }
    }

    @Test func `17: a request that was sent into two lanes under one entry ID is run once`() async throws {
        try await QueueFixture.run { queue in
            let id = JobID.make(now: 1)
            for lane in [Lane.high, .normal] {
                var add = RedisCommand("XADD", .string(queue.keys.queue(lane)), "7-7", "v", "1")
                for argument in ["id", id, "dl", "\(SystemWallClock().now + 60_000)", "req", "{}"] {
                    add.append(.string(argument))
                }
                _ = try await queue.redis.send(add)
            }
            let claims = try await queue.claim("w1")
            #expect(try await queue.queue.start(claims[0].attempt, usage: queue.row(1)) == .started)

            #expect(try await queue.queue.start(claims[1].attempt, usage: queue.row(1)) == .dropped)

            #expect(try await queue.pending(claims[1].job.lane) == [])
            #expect(try await queue.finish(claims[0].attempt) == .ok)
            #expect(try await queue.bills() == ["\(id) 1 final"])
        }
    }

    @Test func `18: a worker that slept until the request was answered does not start it again`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit()
            let sleeper = try await queue.claimOne("w1")
            let (_, living) = try await queue.reapOne("w2")
            #expect(try await queue.finish(living.attempt) == .ok)
            _ = try await queue.redis.send(RedisCommand("DEL", .string(queue.keys.log(sleeper.job.id))))

            #expect(try await queue.queue.start(sleeper.attempt, usage: queue.row(1)) == .lost)

            #expect(try await queue.logIDs(sleeper.job.id) == [])
            #expect(try await queue.bills() == ["\(sleeper.job.id) 2 final"])
        }
    }

    @Test func `18: nor does one whose entry another worker has taken, but not begun`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit()
            let sleeper = try await queue.claimOne("w1")
            _ = try await queue.takeExpired("w2")

            #expect(try await queue.queue.start(sleeper.attempt, usage: queue.row(1)) == .lost)

            #expect(try await queue.logIDs(sleeper.job.id) == [])
            #expect(try await queue.pending() == ["w2:2"])
        }
    }

    @Test func `18: the log of a delivered answer outlives the lease of a sleeper, and no more than that`() async throws
    {
        try await QueueFixture.run(lease: .seconds(40)) { queue in
            let claim = try await queue.running("w1")
            _ = try await queue.queue.finish(
                claim.attempt, lastSeq: 0, end: .init(status: .done, meta: [], result: []), usage: queue.row(9),
                keepLog: queue.queue.limits.streamLogTTL)

            try await queue.queue.delivered([claim.job.id, JobID.make(now: 1)])

            let ttl = try await queue.ttl(queue.keys.log(claim.job.id))
            #expect((30_000...40_000).contains(ttl))
        }
    }

    @Test func `19: a cancelled request that waits longer than a log lives is not started`() async throws {
        try await QueueFixture.run { queue in
            let job = try await queue.submit()
            _ = try await queue.queue.cancel(job.id, deadline: job.deadline)
            #expect(try await queue.ttl(queue.keys.log(job.id)) > job.deadline - SystemWallClock().now)

            let claim = try await queue.claimOne("w1")
            #expect(try await queue.queue.start(claim.attempt, usage: queue.row(1)) == .dropped)

            #expect(try await queue.logIDs(job.id) == [QueueScripts.end])
            #expect(try await queue.length() == 0)
        }
    }

    @Test func `19: where nobody knows how long an entry may wait, the end waits a day, but no longer than the entry`()
        async throws
    {
        try await QueueFixture.run { queue in
            let job = try await queue.submit()
            _ = try await queue.queue.cancel(job.id)
            #expect(try await queue.ttl(queue.keys.log(job.id)) > Self.day)

            let claim = try await queue.claimOne("w1")
            #expect(try await queue.queue.start(claim.attempt, usage: queue.row(1)) == .dropped)

            #expect(try await queue.ttl(queue.keys.log(job.id)) < 900_000)
        }
    }

    @Test func `19: cancelling shortens no log of a request that waits after an attempt`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")
            let due = SystemWallClock().now + 3_000_000
            #expect(try await queue.queue.retryLater(claim.attempt, usage: queue.row(1), due: due) == .delayed)

            #expect(try await queue.queue.cancel(claim.job.id) == .cancelled)

            #expect(try await queue.ttl(queue.keys.log(claim.job.id)) > 3_000_000)
        }
    }

    @Test func `21: a body under a key that was used before does not replace the first`() async throws {
        try await QueueFixture.run { queue in
            let job = queue.job()
            let (one, other) = (Self.large(1), Self.large(2))
            #expect(try await queue.queue.submitTracked(job, body: one, bodyHash: "one") == .submitted)

            #expect(try await queue.queue.submitTracked(job, body: other, bodyHash: "two") == .conflict)
            #expect(try await queue.queue.submitTracked(job, body: other, bodyHash: "one") == .attached)
            _ = try await queue.queue.submit(job, body: other)

            let claim = try await queue.claimOne("w1")
            #expect(try await queue.queue.body(of: claim.job) == one)
            #expect(try await queue.ttl(queue.keys.request(job.id)) > 600_000)
        }
    }

    @Test func `21: a conflict leaves no body behind where the first one's is gone`() async throws {
        try await QueueFixture.run { queue async throws in
            let job = queue.job()
            #expect(try await queue.queue.submitTracked(job, body: QueueFixture.body, bodyHash: "one") == .submitted)

            #expect(try await queue.queue.submitTracked(job, body: Self.large(2), bodyHash: "two") == .conflict)

            #expect(try await queue.ttl(queue.keys.request(job.id)) == -2)
        }
    }

    @Test func `23: a job that was cancelled while it waited is remembered as long as an answer`() async throws {
        try await QueueFixture.run { queue in
            let job = queue.job()
            _ = try await queue.queue.submitTracked(job, body: QueueFixture.body, bodyHash: "h")
            _ = try await queue.queue.cancel(job.id)
            let claim = try await queue.claimOne("w1")
            #expect(try await queue.queue.start(claim.attempt, usage: queue.row(1)) == .dropped)

            #expect(try await queue.ttl(queue.keys.log(job.id)) > Self.day - 60_000)
            #expect(try await queue.queue.submitTracked(job, body: QueueFixture.body, bodyHash: "h") == .attached)
        }
    }

    @Test func `23: so is one that was cancelled while it ran`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await tracked(queue)
            _ = try await queue.queue.cancel(claim.job.id)
            #expect(try await queue.queue.abort(claim.attempt, usage: queue.row(1)) == .ended)

            #expect(try await queue.ttl(queue.keys.log(claim.job.id)) > Self.day - 60_000)
        }
    }

    @Test func `23: so is one that is a dead letter`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await tracked(queue)
            for worker in ["w2", "w3"] { _ = try await queue.reapOne(worker) }
            #expect(try await queue.reapOne("w4").0 == .poison)

            #expect(try await queue.ttl(queue.keys.log(claim.job.id)) > Self.day - 60_000)
        }
    }

    @Test func `23: so is one whose worker was lost`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await tracked(queue)
            _ = try await queue.queue.append(claim.attempt, seq: 1, payload: Array("{}".utf8), tokens: 1)
            #expect(try await queue.reapOne("w2").0 == .workerLost)

            #expect(try await queue.ttl(queue.keys.log(claim.job.id)) > Self.day - 60_000)
        }
    }

    @Test func `23: so is one that was refused`() async throws {
        try await QueueFixture.run { queue in
            let job = queue.job()
            _ = try await queue.queue.submitTracked(job, body: QueueFixture.body, bodyHash: "h")
            let claim = try await queue.claimOne("w1")
            #expect(
                try await queue.queue.refuse(
                    claim.attempt, attemptsBefore: 0, with: JobFailure(.deadlineExceeded, "late"),
                    isTracked: claim.job.isTracked) == .ok)

            #expect(try await queue.ttl(queue.keys.log(job.id)) > Self.day - 60_000)
        }
    }

    // MARK: - Siblings

    @Test func `a failover does not take the attempt for its own that this very worker has reaped`() async throws {
        try await QueueFixture.run { queue in
            let old = try await queue.running("w1")
            let (verdict, new) = try await queue.reapOne("w1")
            #expect(verdict == .run(number: 2, deliveries: 2))

            #expect(
                try await queue.queue.next(after: old.attempt, usage: queue.row(1), nextUsage: queue.row(2)) == .fenced)

            #expect(try await queue.finish(new.attempt) == .ok)
        }
    }

    @Test
    func `a second delivery with the same count, after the group was made again, does not start the attempt twice`()
        async throws
    {
        try await QueueFixture.run { queue in
            let first = try await queue.running("w1")
            let lane = RedisArgument.string(queue.keys.queue(.normal))
            _ = try await queue.redis.send(RedisCommand("XGROUP", "DESTROY", lane, "workers"))
            try await queue.queue.createGroups()
            let second = try await queue.claimOne("w1")
            #expect(second.attempt.deliveries == first.attempt.deliveries)

            #expect(try await queue.queue.start(second.attempt, usage: queue.row(1)) == .lost)

            #expect(try await queue.finish(first.attempt) == .ok)
            #expect(try await queue.bills() == ["\(first.job.id) 1 final"])
        }
    }

    @Test func `attempts are counted on where the group was made again`() async throws {
        try await QueueFixture.run { queue in
            let first = try await queue.running("w1").attempt
            _ = try await queue.queue.next(after: first, usage: queue.row(1), nextUsage: queue.row(2))
            _ = try await queue.queue.next(after: first.next, usage: queue.row(2), nextUsage: queue.row(3))
            let lane = RedisArgument.string(queue.keys.queue(.normal))
            _ = try await queue.redis.send(RedisCommand("XGROUP", "DESTROY", lane, "workers"))
            try await queue.queue.createGroups()
            let second = try await queue.claimOne("w2")
            #expect(try await queue.queue.start(second.attempt, usage: queue.row(1)) == .lost)

            let (verdict, third) = try await queue.reapOne("w3")

            #expect(verdict == .run(number: 4, deliveries: 2))
            #expect(try await queue.queue.renew([third.attempt]) == [])
            #expect(try await queue.finish(third.attempt) == .ok)
        }
    }

    @Test func `an attempt whose start was answered after its lease was lost is billed as what it is`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit()
            let claim = try await queue.claimOne("w1")
            #expect(try await queue.queue.start(claim.attempt, usage: queue.row(1)) == .started)
            let failover = claim.attempt
            _ = try await queue.queue.next(after: failover, usage: queue.row(1), nextUsage: queue.row(2))
            _ = try await queue.reapOne("w2")

            #expect(
                try await queue.queue.next(after: failover, usage: queue.row(1), nextUsage: queue.row(2)) == .fenced)
            #expect(try await queue.queue.start(claim.attempt, usage: queue.row(1)) == .lostMine)

            #expect(try await queue.bills().filter { $0.hasSuffix(" 2 final") }.count == 1)
        }
    }

    @Test func `a cancelled request's dead attempt is billed where the group was made again`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit()
            let dead = try await queue.claimOne("w1")
            #expect(try await queue.queue.start(dead.attempt, usage: queue.row(1)) == .started)
            _ = try await queue.queue.cancel(dead.job.id)
            _ = try await queue.redis.send(
                RedisCommand("XGROUP", "DESTROY", .string(queue.keys.queue(.normal)), .string(QueueKeys.group)))
            try await queue.queue.createGroups()
            let again = try await queue.claimOne("w2")

            #expect(try await queue.queue.start(again.attempt, usage: queue.row(1)) == .dropped)

            #expect(try await queue.pending() == [])
            #expect(try await queue.bills() == ["\(dead.job.id) 1 estimated"])
        }
    }

    @Test func `two entries of one request that are put aside become one, and attempts so far are not forgotten`()
        async throws
    {
        try await QueueFixture.run { queue in
            let first = try await queue.running("w1")
            try await queue.submit(first.job.id, lane: .high)
            let second = try await queue.claimOne("w2")
            #expect(try await queue.queue.retryLater(first.attempt, usage: queue.row(1), due: 1) == .delayed)

            #expect(try await queue.queue.postpone(second.attempt, due: 1) == .delayed)

            #expect(try await queue.queue.promote() == 1)
            #expect(try await queue.claim("w3").map(\.attempt.number) == [2])
        }
    }

    @Test func `more jobs than one call renews are renewed`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit(JobQueue.renewBatch * 2 + 1, tenant: "x")
            let claims = try await queue.claim("w1", most: 1000)
            let lost = claims[200].attempt
            _ = try await queue.redis.send(
                RedisCommand("XCLAIM", .string(queue.keys.queue(.normal)), "workers", "w2", "0", .string(lost.entry)))

            #expect(try await queue.queue.renew(claims.map(\.attempt)) == [lost])
        }
    }

    // MARK: - Helpers

    private static func large(_ byte: UInt8) -> [UInt8] { Array(repeating: byte, count: Job.inlineBodyBytes + 1) }

    private func tracked(_ queue: QueueFixture) async throws -> Claim {
        _ = try await queue.queue.submitTracked(queue.job(), body: QueueFixture.body, bodyHash: "h")
        let claim = try await queue.claimOne("w1")
        _ = try await queue.queue.start(claim.attempt, usage: queue.row(1))
        return claim
    }
}
