import TestSupport
import Testing

@testable import Shared

@Suite struct QuotaLedgerTests {
    private let hour: Int64 = 3_600_000

    @Test func `what is used is the sum of the ledger, settled hours in one and younger ones by themselves`()
        async throws
    {
        let fixture = try await LedgerFixture()
        try await CatalogStore(fixture.pool).apply(
            CatalogFile(text: "accounts: [{id: a, provider: openai, quota_limit: 9999, quota_used: 1000}]"), box: nil)
        let account = try #require(try await CatalogStore(fixture.pool).load().accounts.first)
        let day = LedgerFixture.day
        try await fixture.record([
            LedgerFixture.row("old", at: day - 5 * hour, input: 1, output: 1),
            LedgerFixture.row("today", at: day + hour, input: 10, output: 5),
            LedgerFixture.row("late", at: day + 3 * hour, input: 100, output: 0),
            LedgerFixture.row("other", at: day + hour, input: 7, output: 7, account: "b"),
        ])
        let ledger = QuotaLedger(fixture.pool)
        let first = day / hour + 2

        let today = try await ledger.used(account, start: day, first: first)
        #expect(today == .init(settled: 15, hours: [day / hour + 3: 100]))

        // For good: what the account was entered with counts, too.
        let total = try await ledger.used(account, start: nil, first: first)
        #expect(total == .init(settled: 1017, hours: [day / hour + 3: 100]))
    }
}
