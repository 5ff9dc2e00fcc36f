import Shared
import TestSupport
import Testing

/// RELEASE, REFUSE, BURY, POSTPONE, RETRY LATER and PROMOTE: everything that ends a claim without an answer.
@Suite struct JobQueueWaitTests {
    // MARK: - Release

    @Test func `a released entry is claimed by the next worker as the same attempt`() async throws {
        try await QueueFixture.run { queue in
            let job = try await queue.submit()
            let claim = try await queue.claimOne("w1")

            #expect(try await queue.queue.release(claim.attempt, attemptsBefore: 0) == .released)
            #expect(try await queue.queue.release(claim.attempt, attemptsBefore: 0) == .kept)

            let next = try await queue.claimOne("w2")
            #expect(next.job.id == job.id)
            #expect(next.attempt.number == 1)
            #expect(try await queue.length() == 1)
        }
    }

    @Test func `a started entry is not released`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")

            #expect(try await queue.queue.release(claim.attempt, attemptsBefore: 0) == .kept)

            #expect(try await queue.pending() == ["w1:1"])
        }
    }

    @Test func `somebody else's entry is not released`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit()
            let claim = try await queue.claimOne("w1")
            _ = try await queue.takeExpired("w2")

            #expect(try await queue.queue.release(claim.attempt, attemptsBefore: 0) == .kept)

            #expect(try await queue.pending() == ["w2:2"])
        }
    }

    // MARK: - Refuse and bury

    private let late = JobFailure(.deadlineExceeded, "too late")

    @Test func `a refused request ends with its failure, unbilled, and tells its shim`() async throws {
        try await QueueFixture.run { queue in
            var job = queue.job()
            job.shim = "s1"
            _ = try await queue.queue.submit(job, body: QueueFixture.body)
            let claim = try await queue.claimOne("w1")
            let messages = try await queue.messages(shim: "s1") { () async throws in
                #expect(try await queue.queue.refuse(claim.attempt, attemptsBefore: 0, with: late) == .ok)
                #expect(try await queue.queue.refuse(claim.attempt, attemptsBefore: 0, with: late) == .lost)
            }

            #expect(messages.map { $0.prefix { $0 != "\n" } } == ["\(job.id) \(QueueScripts.end) 0-0 e error"])
            #expect(messages.first?.contains("deadline_exceeded") == true)
            #expect(try await queue.length() == 0)
            #expect(try await queue.bills() == [])
            #expect(try await queue.stream(queue.keys.dead) == [])
        }
    }

    @Test func `a refused request may be kept as a dead letter with all its fields`() async throws {
        try await QueueFixture.run { queue in
            let job = try await queue.submit()
            let claim = try await queue.claimOne("w1")
            _ = try await queue.queue.refuse(claim.attempt, attemptsBefore: 0, with: late, deadLetter: "undecodable")

            let letters = try await queue.stream(queue.keys.dead)

            #expect(letters.count == 1)
            #expect(letters.first?.fields["why"] == "undecodable")
            #expect(letters.first?.fields["lane"] == queue.keys.queue(.normal))
            #expect(letters.first?.fields["id"] == job.id)
            #expect(letters.first?.fields["req"] == String(decoding: QueueFixture.body, as: UTF8.self))
        }
    }

    @Test func `refusing what somebody else holds does nothing`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit()
            let claim = try await queue.claimOne("w1")
            _ = try await queue.takeExpired("w2")

            #expect(try await queue.queue.refuse(claim.attempt, attemptsBefore: 0, with: late) == .lost)

            #expect(try await queue.logIDs(claim.job.id) == [])
            #expect(try await queue.pending() == ["w2:2"])
        }
    }

    @Test func `refusing a cancelled request only removes its entry`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit()
            let claim = try await queue.claimOne("w1")
            _ = try await queue.queue.cancel(claim.job.id)

            #expect(try await queue.queue.refuse(claim.attempt, attemptsBefore: 0, with: late) == .ended)

            #expect(try await queue.length() == 0)
            #expect(try await queue.bills() == [])
        }
    }

    @Test func `refusing a duplicate entry leaves the running one alone`() async throws {
        try await QueueFixture.run { queue in
            let running = try await queue.running("w1")
            try await queue.submit(running.job.id)
            let duplicate = try await queue.claimOne("w2")

            #expect(try await queue.queue.refuse(duplicate.attempt, attemptsBefore: 0, with: late) == .duplicate)

            #expect(try await queue.pending() == ["w1:1"])
            #expect(try await queue.finish(running.attempt) == .ok)
        }
    }

    @Test func `refusing what a dead worker had started bills that attempt`() async throws {
        try await QueueFixture.run { queue in
            let dead = try await queue.running("w1")
            let claim = try #require(try await queue.takeExpired("w2").first)

            #expect(try await queue.queue.refuse(claim.attempt, attemptsBefore: 0, with: late) == .ok)

            #expect(try await queue.bills() == ["\(dead.job.id) 1 estimated"])
        }
    }

    @Test func `an entry without a usable id is buried once`() async throws {
        try await QueueFixture.run { queue in
            _ = try await queue.redis.send(RedisCommand("XADD", .string(queue.keys.queue(.normal)), "*", "junk", "1"))
            let entries = try await queue.queue.claim(worker: "w1", free: 1, shares: [(.normal, 1)])
            let entry = try #require(entries.first)

            try await queue.queue.bury(entry, worker: "w2", reason: "not mine")
            #expect(try await queue.length() == 1)
            for _ in 0..<2 { try await queue.queue.bury(entry, worker: "w1", reason: "undecodable") }

            let letters = try await queue.stream(queue.keys.dead)
            #expect(letters.map { $0.fields["why"] } == ["undecodable"])
            #expect(letters.first?.fields["junk"] == "1")
            #expect(try await queue.length() == 0)
        }
    }

    // MARK: - Postpone, retry later, promote

    @Test func `a postponed entry comes back to its lane when it is due, uncounted and unbilled`() async throws {
        try await QueueFixture.run { queue in
            let job = try await queue.submit(lane: .batch)
            let claim = try await queue.claimOne("w1")

            #expect(try await queue.queue.postpone(claim.attempt, due: SystemWallClock().now + 60_000) == .delayed)
            #expect(try await queue.length(.batch) == 0)
            #expect(try await queue.queue.promote() == 0)
            try await makeDue(queue)
            #expect(try await queue.queue.promote() == 1)
            #expect(try await queue.queue.promote() == 0)

            let again = try await queue.claimOne("w2")
            #expect(again.job == claim.job)
            #expect(again.job.lane == .batch)
            #expect(again.attempt.number == 1)
            #expect(try await queue.bills() == [])
            #expect(try await queue.ttl(queue.keys.held(job.id)) == -2)
        }
    }

    @Test func `postponing what is not held any more does nothing`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit()
            let claim = try await queue.claimOne("w1")
            #expect(try await queue.queue.postpone(claim.attempt, due: 1) == .delayed)

            #expect(try await queue.queue.postpone(claim.attempt, due: 1) == .lost)

            #expect(try await queue.queue.promote() == 1)
            #expect(try await queue.length() == 1)
        }
    }

    @Test func `a request that is tried later goes on counting its attempts`() async throws {
        try await QueueFixture.run { queue in
            let first = try await queue.running("w1")
            #expect(try await queue.queue.retryLater(first.attempt, usage: queue.row(1), due: 1) == .delayed)
            #expect(try await queue.ttl(queue.keys.held(first.job.id)) > 600_000)
            #expect(try await queue.queue.promote() == 1)

            let second = try await queue.claimOne("w2")

            #expect(second.job.attemptsBefore == 1)
            #expect(second.attempt.number == 2)
            #expect(try await queue.queue.start(second.attempt, usage: queue.row(2)) == .started)
            #expect(try await queue.bills() == ["\(first.job.id) 1 final"])
        }
    }

    @Test func `a cancelled request is not tried later`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")
            _ = try await queue.queue.cancel(claim.job.id)

            #expect(try await queue.queue.retryLater(claim.attempt, usage: queue.row(1), due: 1) == .ended)

            #expect(try await queue.queue.promote() == 0)
            #expect(try await queue.length() == 0)
            #expect(try await queue.bills() == ["\(claim.job.id) 1 final"])
        }
    }

    @Test func `a second copy of RETRY LATER changes nothing`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")
            #expect(try await queue.queue.retryLater(claim.attempt, usage: queue.row(1), due: 1) == .delayed)

            #expect(try await queue.queue.retryLater(claim.attempt, usage: queue.row(1), due: 1) == .fenced)

            #expect(try await queue.queue.promote() == 1)
            #expect(try await queue.length() == 1)
        }
    }

    @Test func `a delayed request whose payload has expired is forgotten`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit()
            let claim = try await queue.claimOne("w1")
            _ = try await queue.queue.postpone(claim.attempt, due: 1)
            _ = try await queue.redis.send(RedisCommand("DEL", .string(queue.keys.held(claim.job.id))))

            #expect(try await queue.queue.promote() == 0)

            #expect(try await queue.redis.send(RedisCommand("ZCARD", .string(queue.keys.delayed))) == .integer(0))
        }
    }

    /// Moves the due time of everything that waits into the past.
    private func makeDue(_ queue: QueueFixture) async throws {
        let members = try await queue.redis.send(RedisCommand("ZRANGE", .string(queue.keys.delayed), "0", "-1"))
        for member in (members.array ?? []).compactMap(\.string) {
            _ = try await queue.redis.send(RedisCommand("ZADD", .string(queue.keys.delayed), "1", .string(member)))
        }
    }
}
