import Shared
import TestSupport
import Testing

/// PLACES: where a waiting request stands, and for how long.
@Suite struct QueuePlaceTests {
    @Test func `requests in a lane's order know their places, across tenants`() async throws {
        try await QueueFixture.run { queue in
            let x = try await queue.submit(3, tenant: "x")
            try await queue.sortAll()
            let y = try await queue.submit(tenant: "y").id
            #expect(try await queue.queue.place(of: y) == nil)
            try await queue.sortAll()

            let places = try await queue.queue.places(of: x + [y, "0-unknown00"])

            #expect(places.map { $0?.position } == [1, 3, 4, 2, nil])
            #expect(places.allSatisfy { $0?.expectedWait == nil })
            _ = try await queue.claimOne("w1")
            #expect(try await queue.queue.places(of: x).map { $0?.position } == [nil, 2, 3])
            #expect(try await queue.queue.places(of: []) == [])
        }
    }

    @Test func `in a room the wait is what is known of capacity, then the pace`() async throws {
        try await QueueFixture.run { plain in
            let clock = ManualClock()
            let queue = plain.with(clock: clock)
            let ids = try await queue.submit(20, tenant: "x")
            for claim in try await queue.claim("w1") {
                #expect(try await queue.park(claim, due: clock.now + 3_000) == .parked)
            }
            let place = try await queue.queue.place(of: ids[4])
            #expect(place == QueuePlace(position: 5, expectedWait: .seconds(3)))

            for _ in 0..<3 {
                #expect(try await queue.admit("w1", most: 2).count == 2)
                clock.advance(2_000)
            }
            _ = try await queue.admit("w1", most: 2)

            // Two in two seconds: one second each.
            #expect(try await queue.queue.place(of: ids[10]) == QueuePlace(position: 3, expectedWait: .seconds(3)))
            #expect(try await queue.queue.place(of: ids[7]) == nil)
        }
    }

    @Test func `who waits behind others without knowing more does not change what they are told`() async throws {
        try await QueueFixture.run { plain in
            let clock = ManualClock()
            let queue = plain.with(clock: clock)
            let ids = try await queue.submit(3, tenant: "x")
            let expected: [Int64?] = [clock.now + 40_000, nil, clock.now + 90_000]
            for (claim, expected) in zip(try await queue.claim("w1"), expected) {
                _ = try await queue.queue.park(claim, in: "room", spec: [], due: clock.now + 1_000, expected: expected)
            }
            for (index, id) in ids.enumerated() {
                #expect(
                    try await queue.queue.place(of: id)
                        == QueuePlace(position: index + 1, expectedWait: .seconds(40)))
            }
        }
    }

    @Test func `admissions that come back do not count as pace`() async throws {
        try await QueueFixture.run { plain in
            let clock = ManualClock()
            let queue = plain.with(clock: clock)
            let ids = try await queue.submit(5, tenant: "x")
            for claim in try await queue.claim("w1") { #expect(try await queue.park(claim) == .parked) }

            for _ in 0..<5 {
                clock.advance(1_000)
                for claim in try await queue.admit("w1", most: 2) {
                    #expect(try await queue.park(claim, due: clock.now + 500) == .parked)
                }
            }

            #expect(
                try await queue.queue.place(of: ids[4]) == QueuePlace(position: 5, expectedWait: .milliseconds(500)))
        }
    }

    @Test func `what says where a request waits does not outlive it for long`() async throws {
        try await QueueFixture.run { queue in
            let job = try await queue.submit(tenant: "x")
            try await queue.sortAll()

            #expect(try await queue.ttl(queue.keys.wait(job.id)) > 600_000)

            let claim = try await queue.claimOne("w1")
            #expect(try await queue.ttl(queue.keys.wait(job.id)) == -2)
            #expect(try await queue.park(claim) == .parked)
            #expect(try await queue.ttl(queue.keys.wait(job.id)) > 600_000)
            _ = try await queue.admit("w1")
            #expect(try await queue.ttl(queue.keys.wait(job.id)) <= 60_000)
        }
    }
}
