import TestSupport
import Testing

@testable import Shared

/// Months are made and retired under rows that come all the time.
@Suite(.timeLimit(.minutes(1))) struct UsagePartitionsTests {
    private let november = UsageMonth(of: LedgerFixture.day)

    private func tables(_ pool: PostgresPool) async throws -> [String] {
        try await pool.query(
            """
            SELECT tablename AS name FROM pg_tables
            WHERE schemaname = current_schema() AND tablename LIKE 'usage_attempts_%' ORDER BY 1
            """
        ).rows.map { row throws(PostgresError) in try row.required("name") }
    }

    private func attached(_ pool: PostgresPool) async throws -> [String] {
        try await pool.query(
            "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'usage_attempts'::regclass ORDER BY 1"
        ).rows.map { row throws(PostgresError) in try row.required("name") }
    }

    @Test func `a month that is there is left alone, by many at once too`() async throws {
        let fixture = try await LedgerFixture()
        let partitions = UsagePartitions(fixture.pool)

        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { try await partitions.make(november) } }
            try await group.waitForAll()
        }
        try await fixture.record([LedgerFixture.row("r")])
        try await partitions.make(november)

        #expect(try await tables(fixture.pool) == ["usage_attempts_2026_11"])
        #expect(try await fixture.attempts().count == 1)
    }

    @Test(arguments: UsagePartitions.Retirement.allCases)
    func `a retired month's rows leave the ledger, and rows that come late have a partition again`(
        _ retirement: UsagePartitions.Retirement
    ) async throws {
        let fixture = try await LedgerFixture()
        let partitions = UsagePartitions(fixture.pool)
        try await fixture.record([LedgerFixture.row("r")])
        #expect(try await partitions.months(before: november.next) == [november])
        #expect(try await partitions.months(before: november).isEmpty)

        try await partitions.retire(november, retirement)
        #expect(try await partitions.months(before: november.next).isEmpty)
        #expect(try await fixture.attempts().isEmpty)
        try await fixture.record([LedgerFixture.row("late")])
        #expect(try await fixture.attempts() == ["late 1 final 50"])
        try await partitions.retire(november, retirement)

        let kept =
            retirement == .detach ? ["usage_attempts_2026_11_detached_1", "usage_attempts_2026_11_detached_2"] : []
        #expect(try await tables(fixture.pool) == kept)
        #expect(try await fixture.totals().attempts == 2)
    }

    @Test func `a retirement that was cut off is gone on with, and a table that a person detached stays`() async throws
    {
        let fixture = try await LedgerFixture()
        let partitions = UsagePartitions(fixture.pool)
        for month in [november, november - 1] { try await partitions.make(month) }
        // As a process that died after its detach left it.
        _ = try await fixture.pool.query("COMMENT ON TABLE usage_attempts_2026_11 IS 'ai-model-service: retiring'")
        for month in ["2026_10", "2026_11"] {
            _ = try await fixture.pool.query("ALTER TABLE usage_attempts DETACH PARTITION usage_attempts_\(month)")
        }

        #expect(try await partitions.months(before: november.next) == [november])
        try await partitions.retire(november, .drop)

        #expect(try await tables(fixture.pool) == ["usage_attempts_2026_10"])
    }

    @Test func `a table of the month's name that is no partition makes way`() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.record([LedgerFixture.row("r")])
        _ = try await fixture.pool.query("ALTER TABLE usage_attempts DETACH PARTITION usage_attempts_2026_11")

        try await fixture.record([LedgerFixture.row("s")])

        #expect(try await fixture.attempts() == ["s 1 final 50"])
        #expect(try await attached(fixture.pool) == ["usage_attempts_2026_11"])
        let kept = try await fixture.pool.query("SELECT request_id FROM usage_attempts_2026_11_detached_1")
        #expect(try kept.first?.text("request_id") == "r")
    }

    @Test func `a month is retired under a flusher's rows, none of which is lost or refused`() async throws {
        let fixture = try await LedgerFixture()
        let partitions = UsagePartitions(fixture.pool)
        let october = LedgerFixture.day - 30 * 86_400_000

        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for number in 0..<60 {
                    // One of the retired month, that comes late, beside those of this one. It may have to wait.
                    let rows = [LedgerFixture.row("n\(number)"), LedgerFixture.row("o\(number)", at: october)]
                    try await eventually("rows are taken") {
                        do throws(PostgresError) {
                            try await fixture.ledger.record(rows)
                            return true
                        } catch {
                            #expect(!error.isRowsFault, "\(error)")
                            return false
                        }
                    }
                }
            }
            group.addTask {
                for _ in 0..<5 {
                    for month in try await partitions.months(before: november) {
                        try await partitions.retire(month, .detach)
                    }
                }
            }
            try await group.waitForAll()
        }

        #expect(try await fixture.totals().attempts == 120)
        #expect(try await fixture.attempts().filter { $0.hasPrefix("n") }.count == 60)
    }
}
