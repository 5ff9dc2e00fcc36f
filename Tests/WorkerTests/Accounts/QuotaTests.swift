import Shared
import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct QuotaTests {
    private let now = SystemWallClock().now
    private var hour: Int64 { now / 3_600_000 }

    private func account(limit: Int64, period: QuotaPeriod = .total) -> Account {
        Account(id: "a", provider: .openai, quotaLimit: limit, quotaPeriod: period)
    }

    private func reserve(_ account: Account, tokens: Int, _ limiter: AccountLimiter) async throws -> ReservationResult {
        try await limiter.reserve(
            ReservationRequest(candidates: [LimiterFixture.candidate(account, tokens: tokens)]),
            for: "r/\(UInt64.random(in: 0 ... .max))",
            now: now)
    }

    private func isTaken(_ answer: ReservationResult) -> Bool {
        guard case .taken = answer else { return false }
        return true
    }

    @Test func `a quota that nobody has measured yet is waited for, not overspent`() async throws {
        try await LimiterFixture.run { fixture in
            let limiter = fixture.limiter()
            let account = account(limit: 100)
            guard case .busy(let wait?) = try await reserve(account, tokens: 10, limiter) else {
                Issue.record("expected a short wait")
                return
            }
            #expect(wait <= .seconds(1))
            _ = try await limiter.setQuota(account, .init(settled: 0, hours: [:]), first: hour, now: now)
            #expect(isTaken(try await reserve(account, tokens: 10, limiter)))
        }
    }

    @Test func `a quota is kept to, reservations included, and what was not used comes back`() async throws {
        try await LimiterFixture.run { fixture in
            let limiter = fixture.limiter()
            let account = account(limit: 100)
            _ = try await limiter.setQuota(account, .init(settled: 30, hours: [hour: 20]), first: hour, now: now)
            guard case .taken(_, let held) = try await reserve(account, tokens: 40, limiter) else {
                Issue.record("expected capacity")
                return
            }
            // The running one may use less.
            #expect(try await reserve(account, tokens: 20, limiter) == .busy(nil))
            await limiter.settle(held, tokens: 5, calledAt: .now)
            #expect(try await limiter.quotaUsed(account, now: now) == 55)
            guard case .taken(_, let last) = try await reserve(account, tokens: 45, limiter) else {
                Issue.record("expected capacity")
                return
            }
            await limiter.settle(last, tokens: 45, calledAt: .now)
            #expect(try await reserve(account, tokens: 1, limiter) == .exhausted)
        }
    }

    @Test func `measuring again changes nothing, and hours that have settled are the ledger's`() async throws {
        try await LimiterFixture.run { fixture in
            let limiter = fixture.limiter()
            let account = account(limit: 1000)
            for _ in 0..<3 {
                #expect(
                    try await limiter.setQuota(account, .init(settled: 10, hours: [hour: 20]), first: hour, now: now)
                        == 30)
            }
            _ = try await reserve(account, tokens: 7, limiter)
            #expect(
                try await limiter.setQuota(account, .init(settled: 10, hours: [hour: 20]), first: hour, now: now) == 37)
            // An hour later the ledger says what that hour really was.
            #expect(
                try await limiter.setQuota(account, .init(settled: 33, hours: [:]), first: hour + 1, now: now) == 33)
        }
    }

    @Test func `a new period begins at nothing, without anybody measuring`() async throws {
        try await LimiterFixture.run { fixture in
            let limiter = fixture.limiter()
            let account = account(limit: 100, period: .day)
            let yesterday = now - 86_400_000
            _ = try await limiter.setQuota(account, .init(settled: 100, hours: [:]), first: hour - 24, now: yesterday)
            #expect(isTaken(try await reserve(account, tokens: 10, limiter)))
            #expect(try await limiter.quotaUsed(account, now: now) == 10)
        }
    }

    @Test func `a period's quota that is used up is waited for to its end`() async throws {
        try await LimiterFixture.run { fixture in
            let limiter = fixture.limiter()
            let account = account(limit: 100, period: .month)
            _ = try await limiter.setQuota(account, .init(settled: 100, hours: [:]), first: hour, now: now)
            guard case .busy(let wait?) = try await reserve(account, tokens: 10, limiter) else {
                Issue.record("expected a wait")
                return
            }
            let end = try #require(account.period(at: now)?.end)
            #expect(abs(wait.milliseconds - (end - now)) < 60_000)
        }
    }

    @Test func `of two quotas the one with more left for its time is used`() async throws {
        try await LimiterFixture.run { fixture in
            let limiter = fixture.limiter()
            let (spent, fresh) = (
                Account(id: "spent", provider: .openai, quotaLimit: 1000, weight: 9),
                Account(id: "fresh", provider: .openai, quotaLimit: 1000)
            )
            _ = try await limiter.setQuota(spent, .init(settled: 800, hours: [:]), first: hour, now: now)
            _ = try await limiter.setQuota(fresh, .init(settled: 100, hours: [:]), first: hour, now: now)
            let request = ReservationRequest(candidates: [spent, fresh].map { LimiterFixture.candidate($0) })
            #expect(try await fixture.taken(5, request, by: limiter) == Array(repeating: "fresh", count: 5))
        }
    }
}
