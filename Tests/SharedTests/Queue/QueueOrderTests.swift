import Shared
import TestSupport
import Testing

/// The fair order of a lane: CLAIM from it, SORT into it.
@Suite struct QueueOrderTests {
    /// Tenants in the order their entries are claimed, one at a time.
    private func served(_ queue: QueueFixture, _ count: Int) async throws -> [String] {
        var tenants: [String] = []
        for _ in 0..<count { tenants.append(try await queue.claimOne("w1").job.tenant) }
        return tenants
    }

    @Test(arguments: Lane.allCases)
    func `one request is next but one, behind 5,000 of another tenant`(_ lane: Lane) async throws {
        try await QueueFixture.run { queue in
            try await queue.submit(5000, tenant: "x", .batch)
            try await queue.sortAll()
            _ = try await served(queue, 3)
            try await queue.submit(tenant: "y", lane)

            // One slot at a time, lanes by weight as the worker asks for them.
            // The batch lane is asked first once in 13.
            let claims = try await served(queue, 2)

            #expect(claims.contains("y"))
        }
    }

    @Test func `without anybody having sorted, the claims themselves bring a late tenant forward`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit(2000, tenant: "x")
            try await queue.submit(tenant: "y")

            // Each call sorts 300 entries at most.
            let claims = try await served(queue, 40)

            #expect(claims.contains("y"))
        }
    }

    @Test func `a tenant's own requests stay in order`() async throws {
        try await QueueFixture.run { queue in
            let ids = try await queue.submit(700, tenant: "x")

            var claimed: [String] = []
            for count in [1, 10, 64, 1, 200, 100, 324] {
                claimed += try await queue.claim("w1", most: count).map(\.job.id)
            }

            #expect(claimed == ids)
            #expect(try await queue.orderKeys().isEmpty)
        }
    }

    @Test func `what comes back after an attempt need not wait behind all that its tenant has sent since`() async throws
    {
        try await QueueFixture.run { queue in
            try await queue.submit(1000, tenant: "x")
            let back = try await queue.submit(1, tenant: "x", attemptsBefore: 1)
            try await queue.sortAll()

            let claimed = try await queue.claim("w1", most: 3).map(\.job.id)

            #expect(claimed.contains(back[0]))
        }
    }

    @Test func `a tenant whose requests all come back delays others by no more than one tenant more`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit(500, tenant: "x", attemptsBefore: 1)
            try await queue.submit(500, tenant: "x")
            try await queue.sortAll()
            _ = try await served(queue, 20)
            try await queue.submit(100, tenant: "y")
            try await queue.sortAll()

            let claims = try await served(queue, 90)

            #expect(claims.prefix(3).contains("y"))
            #expect(29...31 ~= claims.count { $0 == "y" })
        }
    }

    @Test func `tenants share by weight`() async throws {
        try await QueueFixture.run { plain in
            let queue = plain.with { $0.tenantWeights = ["gold": 4, "free": 1] }
            try await queue.submit(600, tenant: "free")
            try await queue.submit(600, tenant: "gold")
            try await queue.sortAll()

            let claims = try await served(queue, 500)

            let gold = claims.count { $0 == "gold" }
            #expect(380...420 ~= gold)
            // Not in blocks either: every ten in a row hold their share.
            let tenths = stride(from: 0, to: 500, by: 10).map { claims[$0..<$0 + 10].count { $0 == "gold" } }
            #expect(tenths.allSatisfy { 7...9 ~= $0 })
        }
    }

    @Test func `a tenant with one request at a time starves nobody`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit(200, tenant: "x")
            try await queue.sortAll()
            try await queue.submit(tenant: "y")

            var claims: [String] = []
            for _ in 0..<100 {
                let tenant = try await queue.claimOne("w1").job.tenant
                claims.append(tenant)
                if tenant == "y" { try await queue.submit(tenant: "y") }
            }

            #expect(48...52 ~= claims.count { $0 == "y" })
        }
    }

    @Test func `many tenants take turns`() async throws {
        try await QueueFixture.run { queue in
            for tenant in ["a", "b", "c", "d"] { try await queue.submit(20, tenant: tenant) }
            try await queue.sortAll()

            let claims = try await queue.claim("w1", most: 40).map(\.job.tenant)

            for tenant in ["a", "b", "c", "d"] { #expect(claims.count { $0 == tenant } == 10) }
        }
    }

    @Test func `an unsaturated queue is not sorted`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit(5, tenant: "x")
            #expect(try await queue.queue.sort(worker: "w1", olderThan: .seconds(60)) == 0)

            #expect(try await queue.claim("w1", most: 10).count == 5)

            let names = try await queue.redis.send(RedisCommand("KEYS", .string(queue.keys.prefix + "*")))
            #expect(names.array?.count == 4)
        }
    }

    @Test func `a sorted entry is one delivery, and reaped like any other`() async throws {
        try await QueueFixture.run { queue in
            let job = try await queue.submit(tenant: "x")
            try await queue.sortAll()
            #expect(try await queue.pending() == [])
            #expect(try await queue.length() == 1)

            let claim = try await queue.claimOne("w1")
            #expect(claim.job.id == job.id)
            #expect(try await queue.pending() == ["w1:1"])
            #expect(try await queue.queue.start(claim.attempt, usage: queue.row(1)) == .started)

            let (verdict, reaped) = try await queue.reapOne("w2")
            #expect(verdict == .run(number: 2, deliveries: 2))
            #expect(try await queue.finish(reaped.attempt) == .ok)
            #expect(try await queue.length() == 0)
        }
    }

    @Test func `nobody but a claim takes a sorted entry`() async throws {
        try await QueueFixture.run { queue in
            try await queue.submit(tenant: "x")
            try await queue.sortAll()

            #expect(try await queue.takeExpired("w2").isEmpty)

            #expect(try await queue.claim("w1").count == 1)
            #expect(try await queue.claim("w1").isEmpty)
        }
    }

    @Test func `a group made again while entries wait in order loses nothing and runs nothing twice`() async throws {
        try await QueueFixture.run { queue in
            let ids = try await queue.submit(400, tenant: "x") + queue.submit(3, tenant: "y")
            try await queue.sortAll()
            let early = try await queue.claim("w1", most: 3)
            _ = try await queue.redis.send(
                RedisCommand("XGROUP", "DESTROY", .string(queue.keys.queue(.normal)), "workers"))
            try await queue.queue.createGroups()
            // Nobody holds them any more: they go to whoever reads them next.
            for claim in early { #expect(try await !queue.complete(claim)) }

            var done: [String] = []
            while let claim = try await queue.claim("w2", most: 1).first {
                #expect(try await queue.complete(claim))
                done.append(claim.job.id)
            }

            #expect(done.count == ids.count)
            #expect(Set(done) == Set(ids))
            #expect(try await queue.length() == 0)
            #expect(try await queue.orderKeys().isEmpty)
        }
    }

    @Test func `entries that cannot be read are sorted and claimed all the same`() async throws {
        try await QueueFixture.run { queue in
            for fields in [
                ["x", "y"], ["id", "a b", "dl", "nan"], ["v", "1", "dl", "99999999999999999999", "t", ""],
            ] {
                var command = RedisCommand("XADD", .string(queue.keys.queue(.normal)), "*")
                for field in fields { command.append(.string(field)) }
                _ = try await queue.redis.send(command)
            }
            try await queue.sortAll()

            let entries = try await queue.queue.claim(worker: "w1", free: 9, shares: [(.normal, 9)])

            #expect(entries.count == 3)
        }
    }

    @Test func `a full Redis loses nothing that is being sorted`() async throws {
        let server = try await RedisServer.start()
        try await QueueFixture.run(server: server, patience: .zero) { queue in
            try await queue.submit(60, tenant: "x")
            _ = try await queue.redis.send(RedisCommand("CONFIG", "SET", "maxmemory", "1"))
            do { try await queue.sortAll() } catch let error as RedisError { #expect(error.prefix == "OOM") }
            _ = try await queue.redis.send(RedisCommand("CONFIG", "SET", "maxmemory", "0"))

            #expect(try await queue.claim("w1").count == 60)
        }
        await server.stop()
    }

    @Test func `an entry whose deadline passed while it waited is found, once`() async throws {
        try await QueueFixture.run { plain in
            let clock = ManualClock()
            let queue = plain.with(clock: clock)
            let late = try await queue.submit(tenant: "x", deadline: clock.now + 500)
            try await queue.submit(tenant: "x", .high)
            var bare = RedisCommand("XADD", .string(queue.keys.queue(.batch)), "*", "v", "1", "id", "0-bare5678")
            bare.append("req"); bare.append("{}")
            _ = try await queue.redis.send(bare)
            try await queue.sortAll()
            #expect(try await queue.queue.expired(worker: "w1", limit: 10).isEmpty)

            clock.advance(501)
            let found = try await queue.queue.expired(worker: "w1", limit: 10)

            #expect(try found.map { try queue.claim($0, "w1").job.id } == [late.id])
            #expect(try await queue.queue.expired(worker: "w1", limit: 10).isEmpty)
            #expect(try await queue.pending() == ["w1:1"])
            // Without `dl` the time counts from the entry's own ID.
            clock.advance(560_000)
            #expect(try await queue.queue.expired(worker: "w1", limit: 10).isEmpty)
            clock.advance(60_000)
            #expect(try await queue.queue.expired(worker: "w1", limit: 10).map(\.lane) == [.high, .batch])
            #expect(try await queue.orderKeys().isEmpty)
        }
    }

    @Test func `a request without a deadline keeps the one it had when it is put aside`() async throws {
        try await QueueFixture.run { queue in
            var bare = RedisCommand("XADD", .string(queue.keys.queue(.normal)), "*", "v", "1", "id", "0-bare5678")
            bare.append("req"); bare.append("{}")
            _ = try await queue.redis.send(bare)
            func claimed() async throws -> Claim {
                let entry = try #require(
                    try await queue.queue.claim(worker: "w1", free: 1, shares: [(.normal, 1)]).first)
                let job = try Job(entry: entry.fields, lane: .normal, defaultDeadline: 4711)
                return Claim(
                    job: job,
                    attempt: Attempt(
                        id: job.id, lane: .normal, worker: "w1", entry: entry.entry,
                        number: job.attemptsBefore + entry.deliveries, deliveries: 1, deadline: job.deadline,
                        channel: ""))
            }
            let first = try await claimed().attempt
            #expect(try await queue.queue.release(first, attemptsBefore: 0) == .released)
            let second = try await claimed().attempt
            #expect(try await queue.stream(queue.keys.queue(.normal)).map { $0.fields["dl"] } == ["4711"])
            #expect(try await queue.queue.postpone(second, due: 1) == .delayed)
            #expect(try await queue.queue.promote() == 1)
            #expect(try await claimed().job.deadline == 4711)
        }
    }
}
