import Shared
import TestSupport
import Testing

/// PARK, ADMIT, ROOMS: waiting for accounts.
@Suite struct QueueRoomTests {
    @Test func `what comes back after an attempt is let in before what its tenant sent since`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit(20, tenant: "x")
            for claim in try await queue.claim("w1") { _ = try await queue.park(claim) }
            let back = try await queue.submit(1, tenant: "x", attemptsBefore: 1)
            for claim in try await queue.claim("w1") { _ = try await queue.park(claim) }

            #expect(try await queue.admit("w1", most: 2).map(\.job.id).contains(back[0]))
        }
    }

    /// Submits and parks `count` jobs.
    ///
    /// Returns their ids in order.
    @discardableResult
    private func waiting(
        _ queue: QueueFixture, _ count: Int, tenant: String = "x", _ lane: Lane = .normal, in room: String = "room",
        due: Int64 = 0
    ) async throws -> [String] {
        let ids = try await queue.submit(count, tenant: tenant, lane)
        for claim in try await queue.claim("w1", most: count) {
            #expect(try await queue.park(claim, in: room, due: due) == .parked)
        }
        return ids
    }

    @Test func `a parked entry is nobody's until it is admitted, as the same attempt`() async throws {
        try await QueueFixture.run { queue in
            let job = try await queue.submit()
            let claim = try await queue.claimOne("w1")

            #expect(try await queue.park(claim) == .parked)
            #expect(try await queue.pending() == [])
            #expect(try await queue.length() == 1)
            #expect(try await queue.claim("w1").isEmpty)
            #expect(try await queue.takeExpired("w2").isEmpty)

            let admitted = try #require(try await queue.admit("w2").first)
            #expect(admitted.job.id == job.id)
            #expect(admitted.attempt.number == 1)
            #expect(try await queue.pending() == ["w2:1"])
            #expect(try await queue.complete(admitted))
            #expect(try await queue.length() == 0)
            #expect(try await queue.bills() == ["\(job.id) 1 final"])
            #expect(try await queue.orderKeys().isEmpty)
        }
    }

    @Test func `only the holder of a fresh claim parks it`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit()
            let claim = try await queue.claimOne("w1")
            let taken = try #require(try await queue.takeExpired("w2").first)

            #expect(try await queue.park(claim) == .lost)
            #expect(try await queue.park(taken) == .lost)

            #expect(try await queue.pending() == ["w2:2"])
            #expect(try await queue.queue.rooms().isEmpty)
        }
    }

    @Test func `parking whose reply was lost is parked`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit()
            let claim = try await queue.claimOne("w1")

            #expect(try await queue.park(claim) == .parked)
            #expect(try await queue.park(claim) == .parked)

            #expect(try await queue.admit("w1").count == 1)
        }
    }

    @Test func `rooms are listed with what was kept beside them, soonest due first`() async throws {
        try await QueueFixture.run { queue in
            try await waiting(queue, 2, in: "late", due: 2_000)
            try await waiting(queue, 1, in: "soon", due: 1_000)
            try await queue.submit()
            let claim = try await queue.claimOne("w1")
            #expect(try await queue.park(claim, in: "late", spec: [0, 255, 10], due: 3_000) == .parked)

            let rooms = try await queue.queue.rooms()

            #expect(rooms.map(\.name) == ["soon", "late"])
            #expect(rooms.map(\.due) == [1_000, 2_000])
            #expect(rooms.map(\.count) == [1, 3])
            #expect(rooms.map(\.spec) == [[], [0, 255, 10]])
        }
    }

    @Test func `a room opens at its due time, for one worker at a time, or by force`() async throws {
        try await QueueFixture.run { plain in
            let clock = ManualClock()
            let queue = plain.with(clock: clock)
            try await waiting(queue, 4, due: clock.now + 1_000)
            #expect(try await queue.admit("w1", isForced: false).isEmpty)

            clock.advance(1_000)
            #expect(try await queue.admit("w1", most: 1, isForced: false).count == 1)
            #expect(try await queue.admit("w2", most: 1, isForced: false).isEmpty)
            #expect(try await queue.admit("w2", most: 1).count == 1)
            clock.advance(250)
            #expect(try await queue.admit("w2", isForced: false).count == 2)
            #expect(try await queue.queue.rooms().isEmpty)
        }
    }

    @Test func `an earlier due time counts, a later one does not`() async throws {
        try await QueueFixture.run { queue in
            for (due, expected): (Int64, Int64) in [(5_000, 5_000), (9_000, 5_000), (3_000, 3_000)] {
                try await waiting(queue, 1, due: due)
                #expect(try await queue.queue.rooms().map(\.due) == [expected])
            }
        }
    }

    @Test func `an admitted entry that is parked again keeps its place, and its due time is the newest`() async throws {
        try await QueueFixture.run { queue in
            let ids = try await waiting(queue, 5)
            let first = try await queue.admit("w1", most: 2)
            #expect(first.map(\.job.id) == Array(ids.prefix(2)))

            for claim in first.reversed() { #expect(try await queue.park(claim, due: 77_000) == .parked) }

            #expect(try await queue.queue.rooms().map(\.due) == [77_000])
            #expect(try await queue.admit("w2").map(\.job.id) == ids)
        }
    }

    @Test func `parking again costs a tenant nothing`() async throws {
        try await QueueFixture.run { queue in
            try await waiting(queue, 20, tenant: "x")
            for _ in 0..<5 {
                for claim in try await queue.admit("w1", most: 3) { #expect(try await queue.park(claim) == .parked) }
            }
            try await waiting(queue, 20, tenant: "y")

            let tenants = try await queue.admit("w1", most: 20).map(\.job.tenant)

            // Y begins where the admitted three left off, so X has these ahead.
            #expect(10...12 ~= tenants.count { $0 == "x" })
        }
    }

    @Test func `one late request passes 500 of another tenant`() async throws {
        try await QueueFixture.run { queue in
            try await waiting(queue, 500, tenant: "x", .batch)
            _ = try await queue.admit("w1", most: 10)
            let late = try await waiting(queue, 1, tenant: "y", .batch)

            #expect(try await queue.admit("w1", most: 2).map(\.job.id).contains(late[0]))
        }
    }

    @Test func `lanes share a room by weight, the more urgent first among equals`() async throws {
        try await QueueFixture.run { queue in
            for lane in Lane.allCases.reversed() { try await waiting(queue, 130, tenant: "x", lane) }

            let lanes = try await queue.admit("w1", most: 130).map(\.job.lane)

            #expect(lanes.prefix(3) == [.high, .normal, .batch])
            #expect(78...82 ~= lanes.count { $0 == .high })
            #expect(38...42 ~= lanes.count { $0 == .normal })
            #expect(9...11 ~= lanes.count { $0 == .batch })
        }
    }

    @Test func `a request that is cancelled while it waits is not started`() async throws {
        try await QueueFixture.run { queue in
            let id = try await waiting(queue, 1)[0]
            #expect(try await queue.queue.cancel(id) == .cancelled)

            let claim = try #require(try await queue.admit("w1").first)

            #expect(try await queue.queue.start(claim.attempt, usage: queue.row(1)) == .dropped)
            #expect(try await queue.length() == 0)
            #expect(try await queue.bills() == [])
        }
    }

    @Test func `a request whose deadline passes in a room is found, and its room is gone`() async throws {
        try await QueueFixture.run { plain in
            let clock = ManualClock()
            let queue = plain.with(clock: clock)
            let job = try await queue.submit(tenant: "x", deadline: clock.now + 100)
            #expect(try await queue.park(try await queue.claimOne("w1"), due: clock.now + 60_000) == .parked)

            clock.advance(100)
            let entries = try await queue.queue.expired(worker: "w2", limit: 5)

            #expect(try entries.map { try queue.claim($0, "w2").job.id } == [job.id])
            #expect(try await queue.pending() == ["w2:1"])
            #expect(try await queue.orderKeys().isEmpty)
        }
    }

    @Test func `a worker that dies after it admitted is reaped`() async throws {
        try await QueueFixture.run { queue in
            let id = try await waiting(queue, 1)[0]
            #expect(try await queue.admit("dead").count == 1)

            let (verdict, claim) = try await queue.reapOne("w2")

            #expect(verdict == .run(number: 2, deliveries: 2))
            #expect(claim.job.id == id)
            #expect(try await queue.finish(claim.attempt) == .ok)
            #expect(try await queue.length() == 0)
        }
    }

    @Test func `a group made again while entries are parked loses nothing and runs nothing twice`() async throws {
        try await QueueFixture.run { queue in
            let ids = try await waiting(queue, 20)
            _ = try await queue.redis.send(
                RedisCommand("XGROUP", "DESTROY", .string(queue.keys.queue(.normal)), "workers"))
            #expect(try await queue.admit("w1", most: 5).isEmpty)
            try await queue.queue.createGroups()

            // Half is delivered again before the room is asked, half after.
            var claims = try await queue.claim("w2", most: 10)
            claims += try await queue.admit("w1")
            claims += try await queue.claim("w2")

            #expect(claims.map(\.job.id).sorted() == ids.sorted())
            for claim in claims { #expect(try await queue.complete(claim)) }
            #expect(try await queue.admit("w1").isEmpty)
            #expect(try await queue.length() == 0)
        }
    }

    @Test func `a parked entry may wait for other accounts the next time`() async throws {
        try await QueueFixture.run { queue in
            try await waiting(queue, 1, in: "a")
            let claim = try #require(try await queue.admit("w1", from: "a").first)
            #expect(try await queue.park(claim, in: "b") == .parked)

            #expect(try await queue.queue.rooms().map(\.name) == ["b"])
            #expect(try await queue.admit("w1", from: "a").isEmpty)
            #expect(try await queue.admit("w1", from: "b").count == 1)
        }
    }
}
