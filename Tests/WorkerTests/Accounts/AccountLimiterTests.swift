import Shared
import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct AccountLimiterTests {
    private typealias Fixture = LimiterFixture
    private let now = SystemWallClock().now

    private func reserve(
        _ request: ReservationRequest, _ limiter: AccountLimiter, _ name: String = "r/1"
    ) async throws -> Reservation? {
        guard case .taken(_, let reservation) = try await limiter.reserve(request, for: name, now: now) else {
            return nil
        }
        return reservation
    }

    @Test func `requests at once are never more than allowed, over all workers`() async throws {
        try await Fixture.run { fixture in
            let request = ReservationRequest(candidates: [
                Fixture.candidate(Account(id: "a", provider: .openai, concurrency: 3))
            ])
            let (one, two) = (fixture.limiter("w1"), fixture.limiter("w2"))
            let first = try #require(try await reserve(request, one, "r1/1"))
            #expect(try await fixture.taken(5, request, by: two).count == 2)
            #expect(try await one.reserve(request, for: "r9/1", now: now) == .busy(nil))

            await one.settle(first, tokens: 10, calledAt: .now)

            #expect(try await fixture.taken(5, request, by: two).count == 1)
        }
    }

    @Test func `requests of the minute are counted, and the wait ends when the first leave it`() async throws {
        try await Fixture.run { fixture in
            let limiter = fixture.limiter()
            let request = ReservationRequest(candidates: [
                Fixture.candidate(Account(id: "a", provider: .openai, requestsPerMinute: 4))
            ])
            #expect(try await fixture.taken(9, request, by: limiter).count == 4)
            guard case .busy(let wait?) = try await limiter.reserve(request, for: "r/1", now: now) else {
                Issue.record("expected a wait")
                return
            }
            #expect(wait > .seconds(55) && wait <= .seconds(61))
        }
    }

    @Test func `tokens are reserved by estimate and settled by usage`() async throws {
        try await Fixture.run { fixture in
            let limiter = fixture.limiter()
            let request = ReservationRequest(candidates: [
                Fixture.candidate(Account(id: "a", provider: .openai, tokensPerMinute: 1000), tokens: 400)
            ])
            let first = try #require(try await reserve(request, limiter, "r1/1"))
            let second = try #require(try await reserve(request, limiter, "r2/1"))
            #expect(try await reserve(request, limiter, "r3/1") == nil)
            #expect(try await fixture.window("a") == (2, 800))

            await limiter.settle(first, tokens: 100, calledAt: .now)

            #expect(try await fixture.window("a") == (2, 500))
            let third = try #require(try await reserve(request, limiter, "r3/1"))
            await limiter.settle(second, tokens: 900, calledAt: .now)
            await limiter.settle(third, tokens: 0, calledAt: nil)
            // A request that was never sent does not count, and one that used more than foretold does.
            #expect(try await fixture.window("a") == (2, 1000))
            #expect(try await reserve(request, limiter, "r4/1") == nil)
        }
    }

    @Test func `a request larger than the whole minute's tokens can run alone`() async throws {
        try await Fixture.run { fixture in
            let limiter = fixture.limiter()
            let account = Account(id: "a", provider: .openai, tokensPerMinute: 100)
            let large = try await reserve(
                ReservationRequest(candidates: [Fixture.candidate(account, tokens: 5000)]), limiter, "r1/1")
            let small = try await reserve(
                ReservationRequest(candidates: [Fixture.candidate(account, tokens: 1)]), limiter, "r2/1")
            #expect(large != nil && small == nil)
        }
    }

    @Test(arguments: [
        (Account(id: "a", provider: .openai, concurrency: 10), 9),
        (Account(id: "a", provider: .openai, concurrency: 2), 1),
        (Account(id: "a", provider: .openai, concurrency: 1), 1),
        (Account(id: "a", provider: .openai, requestsPerMinute: 30), 27),
        (Account(id: "a", provider: .openai, tokensPerMinute: 1000), 90),
    ])
    func `requests with headroom leave a part of every limit to others`(account: Account, expected: Int) async throws {
        try await Fixture.run { fixture in
            let limiter = fixture.limiter()
            var patient = ReservationRequest(candidates: [Fixture.candidate(account)])
            patient.headroom = 0.1

            let taken = try await fixture.taken(200, patient, by: limiter)
            let more = try await fixture.taken(200, ReservationRequest(candidates: patient.candidates), by: limiter)

            #expect(taken.count == expected)
            #expect(more.isEmpty == (account.concurrency == 1))
        }
    }

    @Test func `a request that was sent late counts when it was sent`() async throws {
        try await Fixture.run { fixture in
            let limiter = fixture.limiter()
            let request = ReservationRequest(candidates: [
                Fixture.candidate(Account(id: "a", provider: .openai, requestsPerMinute: 9))
            ])
            let early = try #require(try await reserve(request, limiter))
            let bucket = early.bucket - 8
            let old = Reservation(
                id: early.id, account: "a", bucket: bucket, tokens: 10, hasQuota: false, trial: nil,
                madeAt: early.madeAt - .seconds(2))
            // As if it had been made two seconds ago.
            let window = fixture.keys.window("a")
            for field in ["r", "t"] {
                _ = try await fixture.redis.send(
                    RedisCommand("HDEL", .string(window), .string("\(field)\(early.bucket)")))
            }
            _ = try await fixture.redis.send(
                RedisCommand("HSET", .string(window), .string("r\(bucket)"), "1", .string("t\(bucket)"), "10"))

            await limiter.settle(old, tokens: 7, calledAt: .now)

            #expect(try await fixture.window("a") == (1, 7))
            #expect(try await fixture.redis.send(RedisCommand("HGET", .string(window), .string("r\(bucket)"))).int == 0)
        }
    }

    @Test func `slots of a dead worker come back with its lease, held ones stay`() async throws {
        try await Fixture.run { fixture in
            let request = ReservationRequest(candidates: [
                Fixture.candidate(Account(id: "a", provider: .openai, concurrency: 2))
            ])
            let (dead, alive) = (
                fixture.limiter("dead", lease: .milliseconds(300)), fixture.limiter("alive", lease: .milliseconds(300))
            )
            _ = try await reserve(request, dead, "r1/1")
            let held = try #require(try await reserve(request, alive, "r2/1"))

            try await eventually("the dead worker's slot is free") {
                try await alive.renew(over: fixture.redis)
                return try await reserve(request, alive, "r3/\(UInt64.random(in: 0 ... .max))") != nil
            }
            try await alive.renew(over: fixture.redis)
            #expect(
                try await fixture.redis.send(RedisCommand("ZSCORE", .string(fixture.keys.slots("a")), .string(held.id)))
                    != .null)
        }
    }

    @Test func `a settled slot is not taken again by a renewal that comes late`() async throws {
        try await Fixture.run { fixture in
            let limiter = fixture.limiter()
            let request = ReservationRequest(candidates: [
                Fixture.candidate(Account(id: "a", provider: .openai, concurrency: 1))
            ])
            let reservation = try #require(try await reserve(request, limiter))
            await limiter.settle(reservation, tokens: 1, calledAt: .now)
            _ = try await fixture.redis.evaluate(
                LimiterScripts.renew, keys: [fixture.keys.base], args: ["15000", "a", .string(reservation.id)])
            #expect(try await fixture.running("a") == 0)
        }
    }

    @Test func `accounts without limits share by weight`() async throws {
        try await Fixture.run { fixture in
            let candidates = [("a", 3), ("b", 1)].map {
                Fixture.candidate(Account(id: $0.0, provider: .openai, weight: $0.1))
            }
            let taken = try await fixture.taken(400, ReservationRequest(candidates: candidates), by: fixture.limiter())
            #expect((296...304).contains(taken.count { $0 == "a" }))
        }
    }

    @Test func `accounts rotate by what they have left`() async throws {
        try await Fixture.run { fixture in
            let candidates = [("a", 30), ("b", 10)].map {
                Fixture.candidate(Account(id: $0.0, provider: .openai, requestsPerMinute: $0.1))
            }
            let taken = try await fixture.taken(40, ReservationRequest(candidates: candidates), by: fixture.limiter())
            #expect(taken.count == 40)
            #expect(taken.prefix(20).count { $0 == "a" } >= 14)
            #expect(taken.count { $0 == "b" } == 10)
        }
    }

    @Test func `the healthier of two idle accounts is taken, and the other when it is full`() async throws {
        try await Fixture.run { fixture in
            let candidates = [("ill", 0.4), ("well", 1.0)].map {
                Fixture.candidate(Account(id: $0.0, provider: .openai, concurrency: 2), factor: $0.1)
            }
            let taken = try await fixture.taken(9, ReservationRequest(candidates: candidates), by: fixture.limiter())
            #expect(taken.count == 4)
            #expect(taken.first == "well")
        }
    }

    @Test func `an account that fails now and then gets its share, in proportion to its health`() async throws {
        try await Fixture.run { fixture in
            let candidates = [("ill", 0.5), ("well", 1.0)].map {
                Fixture.candidate(Account(id: $0.0, provider: .openai), factor: $0.1)
            }
            let taken = try await fixture.taken(90, ReservationRequest(candidates: candidates), by: fixture.limiter())
            #expect((28...32).contains(taken.count { $0 == "ill" }))
        }
    }

    @Test func `groups are tried in order`() async throws {
        try await Fixture.run { fixture in
            let candidates = [("first", 0), ("second", 1)].map {
                Fixture.candidate(Account(id: $0.0, provider: .openai, concurrency: 2), group: $0.1)
            }
            let taken = try await fixture.taken(5, ReservationRequest(candidates: candidates), by: fixture.limiter())
            #expect(taken == ["first", "first", "second", "second"])
        }
    }

    @Test func `turns are shared by all workers: models and their accounts differ by one at most`() async throws {
        try await Fixture.run { fixture in
            let candidates = [("a1", 0), ("a2", 0), ("b1", 1), ("b2", 1), ("c1", 2)].map {
                Fixture.candidate(Account(id: $0.0, provider: .openai), group: $0.1)
            }
            let request = ReservationRequest(candidates: candidates, turn: "m")
            let counts = try await withThrowingTaskGroup(of: [String].self) { group in
                for worker in 0..<4 {
                    group.addTask { try await fixture.taken(25, request, by: fixture.limiter("w\(worker)")) }
                }
                return try await group.reduce(into: [String: Int]()) { counts, taken in
                    for account in taken { counts[account, default: 0] += 1 }
                }
            }
            let models = ["a", "b", "c"].map { model in counts.filter { $0.key.hasPrefix(model) }.values.reduce(0, +) }
            #expect(models.reduce(0, +) == 100)
            #expect((models.max() ?? 0) - (models.min() ?? 0) <= 1)
            #expect(abs((counts["a1"] ?? 0) - (counts["a2"] ?? 0)) <= 1)
        }
    }

    @Test func `a fallback takes no turns, only what the others have no room for`() async throws {
        try await Fixture.run { fixture in
            var spare = Fixture.candidate(Account(id: "spare", provider: .openai), group: 1)
            spare.isFallback = true
            let candidates = [Fixture.candidate(Account(id: "a", provider: .openai, concurrency: 3)), spare]
            let taken = try await fixture.taken(
                5, ReservationRequest(candidates: candidates, turn: "m"), by: fixture.limiter())
            #expect(taken == ["a", "a", "a", "spare", "spare"])
        }
    }

    @Test func `a conversation stays on its account while that has room`() async throws {
        try await Fixture.run { fixture in
            let candidates = ["a", "b", "c"].map {
                Fixture.candidate(Account(id: $0, provider: .openai, concurrency: 5))
            }
            var request = ReservationRequest(candidates: candidates, affinity: "talk")
            let first = try #require(try await fixture.taken(1, request, by: fixture.limiter()).first)
            #expect(try await fixture.taken(3, request, by: fixture.limiter()) == Array(repeating: first, count: 3))
            // Below a tenth of its limit it goes elsewhere, and stays there.
            request.affinity = "talk"
            let rest = try await fixture.taken(3, request, by: fixture.limiter())
            #expect(rest.first == first && rest.last != first)
        }
    }

    @Test func `one trial at a time, before anything else`() async throws {
        try await Fixture.run { fixture in
            let limiter = fixture.limiter()
            let candidates = [
                Fixture.candidate(Account(id: "well", provider: .openai)),
                Fixture.candidate(Account(id: "ill", provider: .openai), factor: 0.1, trial: "ill m"),
            ]
            let trial = try #require(try await reserve(ReservationRequest(candidates: candidates), limiter, "r1/1"))
            #expect(trial.account == "ill")
            #expect(
                try await fixture.taken(3, ReservationRequest(candidates: candidates), by: limiter) == [
                    "well", "well", "well",
                ])
            await limiter.settle(trial, tokens: 1, calledAt: .now)
            #expect(try await fixture.taken(1, ReservationRequest(candidates: candidates), by: limiter) == ["ill"])
        }
    }

    @Test func `loads are what the script found`() async throws {
        try await Fixture.run { fixture in
            let limiter = fixture.limiter()
            let request = ReservationRequest(candidates: [
                Fixture.candidate(Account(id: "a", provider: .openai, concurrency: 4))
            ])
            _ = try await fixture.taken(2, request, by: limiter)
            let load = limiter.loads.load(of: "a")
            #expect(load.inFlight == 2 && (0.75...0.8).contains(load.headroom))
            // Limits of a minute pass with it.
            #expect(limiter.loads.load(of: "a", at: .now + .seconds(61)).headroom == 1)
        }
    }
}
