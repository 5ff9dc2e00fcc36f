import TestSupport
import Testing

@testable import Shared

/// The sums that triggers keep equal the rows, whoever writes them.
@Suite struct UsageSumsTests {
    private let hour: Int64 = 3_600_000

    /// Milliseconds, of any magnitude up to a power of two.
    private func length(_ most: Int, _ random: inout SeededRandom) -> Int64 {
        .random(in: 0..<(1 << Int64.random(in: 1...Int64(most), using: &random)), using: &random)
    }

    /// For every attempt what the outbox may hold: estimates, final rows, copies of both, late ones too.
    private func rows(_ random: inout SeededRandom) -> [UsageRow] {
        (0..<80).flatMap { number -> [UsageRow] in
            let at = LedgerFixture.day + Int64.random(in: -30 * hour..<30 * hour, using: &random)
            var row = LedgerFixture.row(
                "r\(number / 2)", attempt: number % 2 + 1, at: at, input: .random(in: 0..<9000, using: &random),
                output: .random(in: 0..<900, using: &random),
                status: [.done, .error].randomElement(using: &random) ?? .done,
                account: ["a", "b"].randomElement(using: &random) ?? "a")
            row.record.tenant = ["t", "u"].randomElement(using: &random) ?? "t"
            row.record.user = [nil, "ada", "ben"].randomElement(using: &random) ?? nil
            row.record.model = ["m", "n"].randomElement(using: &random) ?? "m"
            row.record.prices.currency = ["USD", "CNY"].randomElement(using: &random) ?? "USD"
            row.record.errorKind = row.record.status == .error ? .timeout : nil
            row.record.isStreamed = .random(using: &random)
            row.record.endedAt = at + length(17, &random)
            row.record.firstToken = .random(using: &random) ? .random(in: 0..<5000, using: &random) : nil
            row.record.enqueuedAt = at - length(13, &random)
            guard .random(using: &random) else { return [row] }
            var estimate = row
            estimate.isFinal = false
            (estimate.record.status, estimate.record.errorKind) = (.lost, .workerLost)
            (estimate.record.usage.output, estimate.record.usage.isEstimated) = (7, true)
            estimate.record.firstToken = nil
            return .random(using: &random) ? [estimate, row, row] : [estimate]
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `late, repeated, estimated and replaced rows of four flushers are summed once`(_ seed: UInt64) async throws {
        var random = SeededRandom(state: seed)
        let fixture = try await LedgerFixture()
        let all = rows(&random)
        let work = (0..<4).map { _ in
            let rows = all.shuffled(using: &random)
            let size = Int.random(in: 3...60, using: &random)
            return stride(from: 0, to: rows.count, by: size).map { Array(rows[$0..<min($0 + size, rows.count)]) }
        }

        try await withThrowingTaskGroup(of: Void.self) { group in
            for batches in work { group.addTask { for batch in batches { try await fixture.record(batch) } } }
            try await group.waitForAll()
        }

        for table in UsageSumsFixture.tables {
            #expect(try await UsageSumsFixture(pool: fixture.pool).differences(table) == 0, "\(table)")
        }
        #expect(try await fixture.differences() == 0)
    }

    @Test func `a person's inserts, changes and deletions are summed too`() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.record((0..<20).map { LedgerFixture.row("r\($0)", at: LedgerFixture.day + Int64($0) * hour) })
        for statement in [
            """
            INSERT INTO usage_attempts (request_id, attempt, started_at, tenant, model, provider, account, lane, streamed,
                tokens_in, tokens_out, tokens_cached, tokens_reasoning, cost, currency, latency_ms, queue_ms, status, estimated,
                final, worker)
            SELECT 'p' || n, 1, '2026-11-24 03:00Z', 't', 'm', 'openai', 'a', 'normal', true, n, n, 0, 0, 0.1, 'USD', n * n, n,
                'done', false, true, 'w'
            FROM generate_series(1, 500) AS n
            """,
            "UPDATE usage_attempts SET account = 'moved', tokens_in = tokens_in + 1, latency_ms = 3 WHERE attempt = 1 AND random() < 0.5",
            "UPDATE usage_attempts SET started_at = started_at + interval '2 hours' WHERE request_id LIKE 'r1%'",
            "DELETE FROM usage_attempts WHERE random() < 0.3",
        ] { _ = try await fixture.pool.query(statement) }

        for table in UsageSumsFixture.tables {
            #expect(try await UsageSumsFixture(pool: fixture.pool).differences(table) == 0, "\(table)")
        }
    }

    @Test func `rows that were there before the sums are summed by the migration`() async throws {
        let pool = try await SharedPostgres.shared.pool()
        _ = try await Migrations.run(Migrations.all.filter { $0.version < 9 }, on: pool)
        var random = SeededRandom(state: 7)
        let ledger = UsageLedger(pool)
        try await ledger.record(rows(&random))

        _ = try await Migrations.run(on: pool)
        try await ledger.record([LedgerFixture.row("later")])

        for table in UsageSumsFixture.tables {
            #expect(try await UsageSumsFixture(pool: pool).differences(table) == 0, "\(table)")
        }
    }

    @Test func `a flusher that works while the sums are made waits, and its rows are summed once`() async throws {
        let pool = try await SharedPostgres.shared.pool()
        _ = try await Migrations.run(Migrations.all.filter { $0.version < 9 }, on: pool)
        let ledger = UsageLedger(pool)

        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await Migrations.run(on: pool) }
            for flusher in 0..<3 {
                group.addTask {
                    for batch in 0..<20 {
                        try await ledger.record((0..<10).map { LedgerFixture.row("r\(flusher)-\(batch)-\($0)") })
                    }
                }
            }
            try await group.waitForAll()
        }

        let sum = try await pool.query("SELECT sum(attempts) AS n FROM usage_routes_daily").first
        #expect(try sum?.required("n", Int.self) == 600)
        for table in UsageSumsFixture.tables {
            #expect(try await UsageSumsFixture(pool: pool).differences(table) == 0, "\(table)")
        }
    }

    @Test func `sums outlive the rows of a partition that is dropped`() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.record([LedgerFixture.row("r"), LedgerFixture.row("s")])

        _ = try await fixture.pool.query("ALTER TABLE usage_attempts DETACH PARTITION usage_attempts_2026_11")
        _ = try await fixture.pool.query("DELETE FROM usage_attempts_2026_11 WHERE request_id = 'r'")
        _ = try await fixture.pool.query("DROP TABLE usage_attempts_2026_11")

        for table in UsageSumsFixture.tables {
            let row = try await fixture.pool.query("SELECT attempts, tokens_in FROM \(table)").first
            #expect(try row?.required("attempts", Int.self) == 2 && row?.required("tokens_in", Int.self) == 200)
        }
    }

    @Test func `sums that are full stay full, and rows are taken on`() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.record([LedgerFixture.row("old")])
        for table in UsageSumsFixture.tables {
            _ = try await fixture.pool.query(
                "UPDATE \(table) SET tokens_in = 9223372036854775807, attempts = 9223372036854775807, cost = 99999999999999"
            )
        }

        try await fixture.record([LedgerFixture.row("new"), LedgerFixture.row("lost", isFinal: false)])
        try await fixture.record([LedgerFixture.row("lost")])
        _ = try await fixture.pool.query(
            "UPDATE usage_attempts SET tokens_in = 9223372036854775807, latency_ms = 9223372036854775807, ttft_ms = -5")

        #expect(try await fixture.attempts().count == 3)
        for table in UsageSumsFixture.tables {
            let row = try await fixture.pool.query("SELECT max(tokens_in) AS t FROM \(table)").first
            #expect(try row?.required("t", Int64.self) == .max)
        }
    }

    @Test func `a long histogram is merged, and a short one keeps what was appended`() async throws {
        let fixture = try await LedgerFixture()
        for batch in 0..<30 {
            try await fixture.record((0..<20).map { LedgerFixture.row("r\(batch)-\($0)") })
        }

        let row = try await fixture.pool.query("SELECT cardinality(histogram) AS n FROM usage_routes_daily").first
        #expect(try (3...200).contains(row?.required("n", Int.self) ?? 0))
        #expect(try await UsageSumsFixture(pool: fixture.pool).differences("usage_routes_daily") == 0)
    }

    @Test(arguments: [0, 1, 2, 3, 9, 10, 11, 100, 12_345, 86_400_000, Int64(Int32.max), .max, -5])
    func `the middle of a bucket is near its times`(_ milliseconds: Int64) async throws {
        let pool = try await LedgerFixture().pool
        let row = try await pool.query(
            "SELECT usage_bucket_ms(usage_bucket($1::bigint)) AS ms, usage_bucket($1::bigint) AS bucket",
            [.int(milliseconds)])
        let middle = try #require(try row.first?.required("ms", Double.self))

        #expect(abs(middle - Double(max(0, milliseconds))) <= Double(max(0, milliseconds)) * 0.0910)
        #expect(try (0...255).contains(row.first?.required("bucket", Int.self) ?? -1))
    }
}
