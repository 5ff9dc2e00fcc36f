import TestSupport
import Testing

@testable import Shared

/// Every attempt counted exactly once, however often and in whatever order its rows arrive.
@Suite struct UsageLedgerTests {
    @Test func `a row is kept with everything it says`() async throws {
        let fixture = try await LedgerFixture()
        var row = LedgerFixture.row("r", attempt: 2)
        row.record.tenant = "t'; DROP TABLE usage_attempts; --"
        row.record.user = "u\0\"{},\\"
        row.record.usage = TokenUsage(
            input: 1000, output: 500, cached: 400, reasoning: 300, cacheWrites: 100, hourlyCacheWrites: 60)
        row.record.prices = Prices(
            input: 0.4, cachedInput: 0.1, cacheWrite: 0.5, hourlyCacheWrite: 0.8, output: 1.6, currency: "CNY")
        row.record.errorKind = .rateLimited
        row.record.status = .error
        row.record.finishReason = "stop"
        row.record.upstreamModel = "gpt"
        row.record.upstreamRequest = "req-1"
        row.record.isStreamed = true
        row.record.lane = .high

        try await fixture.record([row])

        let kept = try #require(
            try await fixture.pool.query("SELECT *, started_at::text AS at FROM usage_attempts").first)
        #expect(try kept.text("tenant") == row.record.tenant)
        #expect(try kept.text("user_id") == "u\u{FFFD}\"{},\\")
        #expect(try kept.text("at") == "2026-11-23 00:00:00+00")
        #expect(try kept.required("cost", Double.self) == 0.001108)
        #expect(try kept.text("currency") == "CNY")
        for (column, value) in [
            ("tokens_in", 1000), ("tokens_out", 500), ("tokens_cached", 400), ("tokens_reasoning", 300), ("attempt", 2),
            ("tokens_cache_write", 100), ("tokens_cache_write_1h", 60),
            ("latency_ms", 1000), ("ttft_ms", 30), ("queue_ms", 7),
        ] { #expect(try kept.required(column, Int.self) == value) }
        for (column, value) in [
            ("status", "error"), ("error_kind", "rate_limited"), ("finish_reason", "stop"), ("upstream_model", "gpt"),
            ("upstream_request_id", "req-1"), ("lane", "high"), ("worker", "w"), ("streamed", "t"), ("final", "t"),
        ] { #expect(try kept.text(column) == value) }
        #expect(try await fixture.differences() == 0)
    }

    /// A worker that started without PostgreSQL meets one like that, until its migrations have run.
    @Test func `a database without tables refuses no values, so that rows wait for its migration`() async throws {
        let pool = try await SharedPostgres.shared.pool()
        let ledger = UsageLedger(pool)

        let error = await #expect(throws: PostgresError.self) { try await ledger.record([LedgerFixture.row("r")]) }
        #expect(error?.isRefusedValue == false)
        _ = try await Migrations.run(on: pool)
        try await ledger.record([LedgerFixture.row("r")])
    }

    @Test func `a month's partition has the indexes by which attempts are read`() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.record([LedgerFixture.row("r")])

        let indexes = try await fixture.pool.query(
            """
            SELECT count(*) AS n FROM pg_indexes WHERE schemaname = current_schema()
                AND tablename LIKE 'usage_attempts_2%'
                AND (indexdef LIKE '%USING brin (started_at, user_id%' OR indexdef LIKE '%USING btree (started_at)')
            """)

        #expect(try indexes.first?.value("n", Int.self) == 2)
    }

    @Test func `a row that comes again is counted once, in one batch or in several`() async throws {
        let fixture = try await LedgerFixture()
        let row = LedgerFixture.row("r")

        try await fixture.record([row, row])
        try await fixture.record([row])

        #expect(try await fixture.totals() == (1, 150))
        #expect(try await fixture.differences() == 0)
    }

    @Test(arguments: [[0, 1], [1, 0], [0, 1, 0], [1, 0, 1]])
    func `a final row replaces an estimated one and never the other way round`(_ order: [Int]) async throws {
        let rows = [
            LedgerFixture.row("r", isFinal: false, output: 9, status: .lost),
            LedgerFixture.row("r", isFinal: true, output: 40, status: .done),
        ]
        let fixture = try await LedgerFixture()

        for index in order { try await fixture.record([rows[index]]) }

        #expect(try await fixture.attempts() == ["r 1 final 40"])
        #expect(try await fixture.totals() == (1, 140))
        #expect(try await fixture.differences() == 0)
    }

    @Test func `in one batch the final row wins`() async throws {
        let fixture = try await LedgerFixture()

        try await fixture.record([
            LedgerFixture.row("r", isFinal: false, output: 9), LedgerFixture.row("r", output: 40),
            LedgerFixture.row("r", isFinal: false, output: 9),
        ])

        #expect(try await fixture.attempts() == ["r 1 final 40"])
    }

    @Test func `the quota of an account is used once per attempt, and corrected with it`() async throws {
        let fixture = try await LedgerFixture()
        try await CatalogStore(fixture.pool).apply(
            CatalogFile(text: "accounts: [{id: a, provider: openai, quota_used: 1000}, {id: b, provider: openai}]"),
            box: nil)

        let estimate = LedgerFixture.row("r", isFinal: false, output: 10)
        try await fixture.record([
            estimate, LedgerFixture.row("s", account: "b"), LedgerFixture.row("t", account: "gone"),
        ])
        try await fixture.record([LedgerFixture.row("r", output: 60), LedgerFixture.row("s", account: "b")])

        let used = try await CatalogStore(fixture.pool).load().accounts.map(\.quotaUsed)
        #expect(used == [1160, 150])
    }

    @Test func `rows of many months find their partitions, at the very edges too`() async throws {
        let fixture = try await LedgerFixture()
        let edges: [Int64] = [
            1_798_761_599_999, 1_798_761_600_000, 1_709_164_800_000, 1_709_251_199_999, 1_709_251_200_000,
            1_577_836_800_000,
        ]

        try await fixture.record(edges.enumerated().map { LedgerFixture.row("r\($0)", at: $1) })

        let partitions = try await fixture.pool.query(
            "SELECT DISTINCT tableoid::regclass::text AS name FROM usage_attempts ORDER BY 1"
        ).rows.map { row throws(PostgresError) in try row.text("name") }
        #expect(
            partitions == [
                "usage_attempts_2020_01", "usage_attempts_2024_02", "usage_attempts_2024_03", "usage_attempts_2026_12",
                "usage_attempts_2027_01",
            ])
        #expect(try await fixture.differences() == 0)
    }

    @Test func `many processes at once make a month's partition once`() async throws {
        let fixture = try await LedgerFixture()

        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                // A ledger of its own each, like processes: none knows of the others' partitions.
                let ledger = UsageLedger(fixture.pool)
                group.addTask { try await ledger.record([LedgerFixture.row("r\(number)")]) }
            }
            try await group.waitForAll()
        }

        #expect(try await fixture.totals() == (8, 1200))
    }

    @Test func `a partition that was dropped after it was known is made again`() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.record([LedgerFixture.row("r")])
        _ = try await fixture.pool.query("DROP TABLE usage_attempts_2026_11")

        try await fixture.record([LedgerFixture.row("s")])

        #expect(try await fixture.attempts() == ["s 1 final 50"])
    }

    /// The widest row an index must hold: each text at random, so that nothing can be compressed.
    @Test func `whatever a row says it is written, cut to what columns and indexes hold`() async throws {
        let fixture = try await LedgerFixture()
        var row = LedgerFixture.row(noise(8000))
        row.attempt = .max
        row.record.tenant = noise(8000)
        row.record.user = noise(8000) + "\0"
        row.record.model = noise(8000)
        row.record.provider = noise(8000)
        row.record.account = noise(8000)
        row.record.worker = noise(8000)
        row.record.upstreamModel = noise(100_000)
        row.record.upstreamRequest = "\0" + noise(8000)
        row.record.finishReason = noise(8000)
        row.record.prices.currency = noise(8000)

        try await fixture.record([LedgerFixture.row("innocent"), row])

        #expect(try await fixture.totals().attempts == 2)
        #expect(try await fixture.differences() == 0)
        let kept = try #require(
            try await fixture.pool.query(
                "SELECT octet_length(user_id) AS user, octet_length(tenant) AS tenant FROM usage_attempts WHERE attempt > 1"
            ).first)
        // Characters of three bytes: what is left over is less than one.
        #expect(try Bounds.user - kept.required("user", Int.self) < 3)
        #expect(try Bounds.tenant - kept.required("tenant", Int.self) < 3)
    }

    /// Chinese characters, three bytes each.
    private func noise(_ bytes: Int) -> String {
        String(
            String.UnicodeScalarView((0..<(bytes / 3)).compactMap { _ in Unicode.Scalar(.random(in: 0x4E00...0x9FFF)) })
        )
    }

    @Test(
        arguments: [
            (Int64.min, Int64.max, Int.min, -Double.infinity), (.max, .min, .max, .infinity), (0, .max, -1, .nan),
            (-1, -1, 1 << 62, 1e300), (LedgerFixture.day, .min, .max, -1e300),
        ] as [(Int64, Int64, Int, Double)])
    func `no number of a row is too large for its column`(
        _ time: Int64, _ other: Int64, _ count: Int, _ price: Double
    ) async throws {
        let fixture = try await LedgerFixture()
        var row = LedgerFixture.row("r")
        row.record.startedAt = time
        (row.record.enqueuedAt, row.record.endedAt, row.record.firstToken) = (other, other, other)
        row.record.usage = TokenUsage(input: count, output: count, cached: count, reasoning: count)
        row.record.prices = Prices(input: price, output: price)
        row.attempt = count

        try await fixture.record([row])

        #expect(try await fixture.totals().attempts == 1)
        let year: String? = try await fixture.pool.query(
            "SELECT extract(year FROM started_at)::text AS y FROM usage_attempts"
        )
        .first?.text("y")
        #expect((2020...2099).contains(year.flatMap { Int($0) } ?? 0))
        #expect(try await fixture.differences() == 0)
    }

    /// Both columns as rows of an older build, or a person, may have left them.
    @Test func `sums that are full stay full, and bills go on`() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.record([LedgerFixture.row("old")])
        _ = try await fixture.pool.query(
            "INSERT INTO accounts (id, account_name, provider, quota_used) VALUES ('a', 'A', 'openai', 9223372036854775807)"
        )
        _ = try await fixture.pool.query(
            "UPDATE usage_hourly SET tokens_in = 9223372036854775807, latency_ms_sum = 9223372036854775807, cost = 99999999999999"
        )

        try await fixture.record([LedgerFixture.row("new"), LedgerFixture.row("lost", isFinal: false)])
        try await fixture.record([LedgerFixture.row("lost")])

        #expect(try await fixture.attempts().count == 3)
        let sums = try #require(try await fixture.pool.query("SELECT sum(tokens_in) AS t FROM usage_hourly").first)
        #expect(try sums.text("t") == "9223372036854775807")
        let used = try #require(try await fixture.pool.query("SELECT quota_used FROM accounts").first)
        #expect(try used.required("quota_used", Int64.self) == .max)
    }

    @Test func `a row that PostgreSQL refuses is told as such and nothing of its batch is written`() async throws {
        let fixture = try await LedgerFixture()
        try await fixture.pool.refuseRows(sqlState: "54000")

        let error = await #expect(throws: PostgresError.self) {
            try await fixture.ledger.record([LedgerFixture.row("a"), LedgerFixture.row("b", account: "refused")])
        }

        #expect(error?.isRowsFault == true)
        #expect(try await fixture.attempts().isEmpty)
    }

    @Test func `an empty batch is nothing`() async throws {
        let fixture = try await LedgerFixture()

        try await fixture.record([])

        #expect(try await fixture.attempts().isEmpty)
    }
}
