import Shared
import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct QuotaReconcilerTests {
    private let empty = CatalogSnapshot(models: [], accounts: [])
    private let stored = "accounts: [{id: a, provider: openai}, {id: b, provider: openai}]"
    private let now = SystemWallClock().now

    private func account(_ id: String = "a", limit: Int64?, used: Int64 = 0) -> Account {
        Account(id: id, provider: .openai, quotaLimit: limit, quotaUsed: used)
    }

    @Test func `counters follow the ledger`() async throws {
        try await SupervisionFixture.run(empty, stored: stored) { fixture in
            let account = account(limit: 1000)
            try await fixture.book("a", tokens: 30, id: "r1")
            await fixture.reconciler(account).measure(onlyForgotten: false)
            #expect(try await fixture.limiter.quotaUsed(account, now: now) == 30)

            try await fixture.book("a", tokens: 12, id: "r2")
            await fixture.reconciler(account).measure(onlyForgotten: false)
            #expect(try await fixture.limiter.quotaUsed(account, now: now) == 42)
        }
    }

    @Test func `a Redis that forgot is filled again, and what it knows is left alone`() async throws {
        try await SupervisionFixture.run(empty, stored: stored) { fixture in
            let (known, forgotten) = (account("a", limit: 1000), account("b", limit: 1000))
            _ = try await fixture.limiter.setQuota(known, .init(settled: 5, hours: [:]), first: 0, now: now)
            try await fixture.book("a", tokens: 900, id: "r1")
            try await fixture.book("b", tokens: 901, id: "r2")

            await fixture.reconciler(known, forgotten).measure(onlyForgotten: true)
            #expect(try await fixture.limiter.quotaUsed(known, now: now) == 5)
            #expect(try await fixture.limiter.quotaUsed(forgotten, now: now) == 901)
            // Alerts are for the measurement of all.
            #expect(try await fixture.alerts.list(onlyOpen: true, limit: 9).isEmpty)
        }
    }

    @Test func `a quota that runs out is told, then that it is used up, until there is more`() async throws {
        try await SupervisionFixture.run(empty, stored: stored) { fixture in
            func measured(limit: Int64) async throws -> [[String]] {
                await fixture.reconciler(account(limit: limit)).measure(onlyForgotten: false)
                return [try await fixture.open(.quotaThreshold), try await fixture.open(.quotaExhausted)]
            }
            try await fixture.book("a", tokens: 79, id: "r1")
            #expect(try await measured(limit: 100) == [[], []])

            try await fixture.book("a", tokens: 1, id: "r2")
            #expect(try await measured(limit: 100) == [["a"], []])
            #expect(
                try await fixture.alerts.list(onlyOpen: true, limit: 9).map(\.message)
                    == ["account a has used 80 % of its quota"])

            try await fixture.book("a", tokens: 20, id: "r3")
            #expect(try await measured(limit: 100) == [["a"], ["a"]])
            // Below the threshold, and not yet well below it.
            #expect(try await measured(limit: 130) == [["a"], []])
            #expect(try await measured(limit: 1000) == [[], []])
        }
    }

    @Test func `alerts of a quota that was taken away end`() async throws {
        try await SupervisionFixture.run(empty, stored: stored) { fixture in
            try await fixture.book("a", tokens: 100, id: "r1")
            await fixture.reconciler(account(limit: 100)).measure(onlyForgotten: false)
            #expect(try await fixture.open(.quotaExhausted) == ["a"])

            await fixture.reconciler(account(limit: nil)).measure(onlyForgotten: false)
            #expect(try await fixture.alerts.list(onlyOpen: true, limit: 9).isEmpty)
        }
    }

    @Test func `while PostgreSQL is away the catalogue's word fills what Redis does not know`() async throws {
        try await SupervisionFixture.run(empty, stored: nil) { fixture in
            let (known, forgotten) = (account("a", limit: 1000, used: 7), account("b", limit: 1000, used: 8))
            _ = try await fixture.limiter.setQuota(known, .init(settled: 5, hours: [:]), first: 0, now: now)

            await fixture.reconciler(known, forgotten).measure(onlyForgotten: false)
            #expect(try await fixture.limiter.quotaUsed(known, now: now) == 5)
            #expect(try await fixture.limiter.quotaUsed(forgotten, now: now) == 8)
        }
    }
}
