import TestSupport
import Testing

@testable import Shared

/// The one property that matters, under random interleavings: the sums are the sums of the rows.
@Suite struct UsageLedgerPropertyTests {
    /// For every attempt what the outbox may hold: some copies of an estimate, of a final row, or of both.
    private static func outbox(_ random: inout SeededRandom) -> (all: [UsageRow], truth: [String]) {
        var all: [UsageRow] = []
        var truth: [String] = []
        for number in 0..<60 {
            let id = "r\(number + 100)"
            let at = LedgerFixture.day + Int64.random(in: 0..<7_200_000, using: &random)
            let account = ["a", "b", "c"].randomElement(using: &random) ?? "a"
            let estimates = Int.random(in: 0...2, using: &random)
            let finals = estimates == 0 ? 1 : Int.random(in: 0...2, using: &random)
            let final = Int.random(in: 0..<1000, using: &random)
            let estimate = Int.random(in: 0..<1000, using: &random)
            for _ in 0..<estimates {
                all.append(
                    LedgerFixture.row(id, isFinal: false, at: at, output: estimate, status: .lost, account: account))
            }
            for _ in 0..<finals { all.append(LedgerFixture.row(id, at: at, output: final, account: account)) }
            truth.append(finals > 0 ? "\(id) 1 final \(final)" : "\(id) 1 estimated \(estimate)")
        }
        return (all, truth)
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `four flushers over overlapping rows leave sums that equal the rows`(_ seed: UInt64) async throws {
        var random = SeededRandom(state: seed)
        let fixture = try await LedgerFixture()
        try await CatalogStore(fixture.pool).apply(
            CatalogFile(
                text: "accounts: [{id: a, provider: openai}, {id: b, provider: openai}, {id: c, provider: openai}]"),
            box: nil)
        let (all, truth) = Self.outbox(&random)
        // Each flusher is given everything, in an order and in batches of its own.
        let work = (0..<4).map { _ in
            let rows = all.shuffled(using: &random)
            let size = Int.random(in: 3...40, using: &random)
            return stride(from: 0, to: rows.count, by: size).map { Array(rows[$0..<min($0 + size, rows.count)]) }
        }

        try await withThrowingTaskGroup(of: Void.self) { group in
            for batches in work { group.addTask { for batch in batches { try await fixture.record(batch) } } }
            try await group.waitForAll()
        }

        #expect(try await fixture.attempts() == truth)
        #expect(try await fixture.differences() == 0)
        let quotas = try await fixture.pool.query(
            """
            SELECT 1 FROM accounts a WHERE quota_used <>
                (SELECT coalesce(sum(tokens_in + tokens_out), 0) FROM usage_attempts WHERE account = a.id)
            """)
        #expect(quotas.count == 0)
    }
}
