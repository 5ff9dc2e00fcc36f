import Shared
import TestSupport
import Testing

@testable import Submitter

/// Answers from the sums equal those from the rows.
@Suite struct StatisticsQueryTests {
    private static let hour: Int64 = 3_600_000

    private func query(
        _ view: StatisticsView, _ groups: [StatisticsDimension] = [], _ filters: StatisticsFilters = [:],
        from: Int64 = 5, until: Int64 = 70, zone: StatisticsZone = .utc
    ) -> StatisticsQuery {
        StatisticsQuery(
            view: view,
            window: StatisticsWindow(
                since: LedgerRows.day + from * Self.hour, until: LedgerRows.day + until * Self.hour),
            groups: groups, filters: filters, zone: zone, limit: 1000, now: LedgerRows.day + 1000 * Self.hour)
    }

    /// `name|name|… figure figure …` of each row, in any order.
    private func told(
        _ query: StatisticsQuery, _ figures: [String], _ pool: PostgresPool
    ) async throws -> Set<String> {
        let answer = try await query.answer(pool)
        let places = figures.map { figure in query.figures.firstIndex { $0.name == figure } ?? 0 }
        return Set(
            answer.rows.map { row in
                (query.names.map { row.names[$0] ?? "" } + places.map { row.figures[$0] ?? "" }).joined(separator: "|")
            })
    }

    /// The same by one scan of the rows.
    private func counted(
        _ names: [String], _ figures: [String], _ query: StatisticsQuery, having: String = "true", _ pool: PostgresPool
    ) async throws -> Set<String> {
        var conditions = ["started_at >= $1::timestamptz", "started_at < $2::timestamptz"]
        for (dimension, value) in query.filters { conditions.append("coalesce(\(dimension.column), '') = '\(value)'") }
        let columns = names + figures.map { "coalesce((\($0))::text, '')" }
        let places = names.isEmpty ? "()" : names.indices.map { "\($0 + 2)" }.joined(separator: ", ")
        let rows = try await pool.query(
            """
            SELECT concat_ws('|', \(columns.joined(separator: ", "))) AS told\(names.map { ", \($0)" }.joined())
            FROM usage_attempts WHERE \(conditions.joined(separator: " AND ")) GROUP BY \(places) HAVING \(having)
            """, [.time(query.window.since), .time(query.window.until)])
        return Set(try rows.rows.map { row throws(PostgresError) in try row.required("told") })
    }

    private static let columns: [StatisticsDimension: String] = [
        .model: "model", .provider: "provider", .account: "account", .user: "coalesce(user_id, '')", .tenant: "tenant",
        .status: "status", .errorKind: "coalesce(error_kind, '')", .currency: "currency",
        .hour: #"to_char(date_trunc('hour', started_at, 'UTC'), 'YYYY-MM-DD"T"HH24:MI"Z"')"#,
        .day: "to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
    ]

    @Test(arguments: StatisticsDimension.allCases)
    func `usage by each dimension is that of the rows`(_ group: StatisticsDimension) async throws {
        let rows = try await LedgerRows(seed: 1)
        for filters in [[:], [.tenant: "t"], [.user: ""], [.model: "m", .status: "done"]] as [StatisticsFilters] {
            let query = query(.usage, [group], filters)

            let told = try await told(
                query,
                [
                    "attempts", "requests", "retries", "done", "errors", "cancelled", "streamed", "tokens_in",
                    "tokens_cached", "tokens_cache_write", "tokens_cache_write_1h", "tokens_out", "tokens_reasoning",
                    "cost",
                    "avg_ms", "first_token_ms",
                ], rows.pool)

            let names = query.names.compactMap { Self.columns[$0] }
            let counted = try await counted(
                names,
                [
                    "count(*)", "count(*) FILTER (WHERE attempt = 1)", "count(*) FILTER (WHERE attempt > 1)",
                    "count(*) FILTER (WHERE status = 'done')", "count(*) FILTER (WHERE status IN ('error', 'lost'))",
                    "count(*) FILTER (WHERE status = 'cancelled')", "count(*) FILTER (WHERE streamed)",
                    "sum(tokens_in)",
                    "sum(tokens_cached)", "sum(tokens_cache_write)", "sum(tokens_cache_write_1h)", "sum(tokens_out)",
                    "sum(tokens_reasoning)", "trim_scale(sum(cost))", "round(avg(latency_ms))", "round(avg(ttft_ms))",
                ], query, rows.pool)
            #expect(told == counted && !told.isEmpty, "\(filters)")
        }
    }

    @Test func `several groups, totals and windows of any hours add up`() async throws {
        let rows = try await LedgerRows(seed: 2)
        for (from, until) in [(0, 72), (3, 4), (23, 25), (24, 48), (1, 71)] as [(Int64, Int64)] {
            let query = query(.usage, [.model, .account, .day], from: from, until: until)
            let answer = try await query.answer(rows.pool)

            let attempts = answer.rows.compactMap { $0.figures[0].flatMap { Int($0) } }.reduce(0, +)
            let totals = answer.totals.compactMap { $0.figures[0].flatMap { Int($0) } }.reduce(0, +)
            let counted = try await counted([], ["count(*)"], query, rows.pool)
            #expect(counted == ["\(attempts)"] && totals == attempts)
            #expect(
                answer.groups == answer.rows.count
                    && Set(answer.totals.compactMap { $0.names[.currency] }).count == answer.totals.count)
        }
    }

    @Test func `cost is told per currency, with waste and caches apart`() async throws {
        let rows = try await LedgerRows(seed: 3)
        let query = query(.cost, [.provider])

        let told = try await told(
            query,
            [
                "tokens_in", "tokens_uncached", "tokens_cached", "tokens_cache_write", "tokens_out", "cost", "waste",
                "cancelled_cost",
            ],
            rows.pool)

        let failed = "status IN ('error', 'lost')"
        let counted = try await counted(
            ["provider", "currency"],
            [
                "sum(tokens_in)", "sum(tokens_in - tokens_cached - tokens_cache_write)", "sum(tokens_cached)",
                "sum(tokens_cache_write)", "sum(tokens_out)", "trim_scale(sum(cost))",
                "trim_scale(coalesce(sum(cost) FILTER (WHERE \(failed)), 0))",
                "trim_scale(coalesce(sum(cost) FILTER (WHERE status = 'cancelled'), 0))",
            ], query, rows.pool)
        #expect(told == counted && told.count == 2)
    }

    @Test func `errors are told by kind, with their share among all attempts`() async throws {
        let rows = try await LedgerRows(seed: 4)
        let query = query(.errors, [.model, .errorKind])

        let answer = try await query.answer(rows.pool)

        let counted = try await counted(
            ["model", "coalesce(error_kind, '')"], ["count(*)"], query, having: "bool_and(status IN ('error', 'lost'))",
            rows.pool)
        let told = answer.rows.map { row in
            [row.names[.model] ?? "", row.names[.errorKind] ?? "", row.figures[0] ?? ""].joined(separator: "|")
        }
        #expect(Set(told) == counted)
        let all = try await counted(["model"], ["count(*)"], query, rows.pool)
        for row in answer.rows {
            let (errors, attempts) = (try #require(row.figures[0]), try #require(row.figures[2]))
            #expect(all.contains("\(row.names[.model] ?? "")|\(attempts)"))
            let share = try #require(row.figures[3].flatMap { Double($0) })
            #expect(abs(share - (Double(errors) ?? 0) / (Double(attempts) ?? 1)) < 1e-6)
        }
        // A filter by kind leaves the share what it was.
        let one = try await self.query(.errors, [.model, .errorKind], [.errorKind: "timeout"]).answer(rows.pool)
        #expect(
            Set(one.rows.map(\.figures)) == Set(answer.rows.filter { $0.names[.errorKind] == "timeout" }.map(\.figures))
        )
    }

    @Test(arguments: [[], [.model], [.provider, .day], [.user]] as [[StatisticsDimension]])
    func `percentiles are within a tenth of the rows'`(_ groups: [StatisticsDimension]) async throws {
        let rows = try await LedgerRows(seed: 5)
        let query = query(.performance, groups)

        let answer = try await query.answer(rows.pool)

        let names = groups.compactMap { Self.columns[$0] }
        var checked = 0
        for (metric, column) in [
            ("latency", "latency_ms"), ("ttft", "ttft_ms"), ("queue", "CASE WHEN attempt = 1 THEN queue_ms END"),
        ] {
            for share in StatisticsMetric.shares {
                let exact = try await counted(
                    names, ["percentile_disc(\(Double(share) / 100)) WITHIN GROUP (ORDER BY \(column))"], query,
                    rows.pool)
                let figure = try #require(query.figures.firstIndex { $0.name == "\(metric)_p\(share)_ms" })
                for row in answer.rows {
                    let name = groups.map { row.names[$0] ?? "" }
                    let found = exact.first {
                        $0.split(separator: "|", omittingEmptySubsequences: false).dropLast().map(String.init) == name
                    }
                    let milliseconds = try #require(found?.split(separator: "|").last.flatMap { Double($0) })
                    let told = try #require(row.figures[figure].flatMap { Double($0) })
                    #expect(abs(told - milliseconds) <= max(milliseconds * 0.1, 1), "\(metric) p\(share) of \(name)")
                    checked += 1
                }
            }
        }
        #expect(checked >= 9 && answer.totals.isEmpty)
    }

    @Test func `rates are those of the time that is over`() async throws {
        let rows = try await LedgerRows(seed: 6, count: 50, days: 1)
        var query = query(.performance, from: 0, until: 24)
        query.now = LedgerRows.day + 10 * Self.hour
        let place = try #require(query.figures.firstIndex { $0.name == "attempts_per_second" })

        let answer = try await query.answer(rows.pool)
        let rate = try #require(answer.rows.first?.figures[place].flatMap { Double($0) })

        #expect(abs(rate - 50.0 / 36_000) < 1e-6)
        query.groups = [.hour]
        query.now = LedgerRows.day + 1000 * Self.hour
        for row in try await query.answer(rows.pool).rows {
            let (attempts, rate) = (
                row.figures[0].flatMap { Double($0) } ?? 0, row.figures[place].flatMap { Double($0) } ?? 0
            )
            #expect(abs(rate - attempts / 3600) < 1e-6)
        }
    }

    @Test func `days and hours of a zone begin at its midnight`() async throws {
        let rows = try await LedgerRows(seed: 7)
        for zone in [StatisticsZone.named("Asia/Shanghai"), .offset(-300), .named("America/New_York")] {
            let days = query(.usage, [.day], zone: zone)
            let counted = try await counted(
                ["to_char(started_at AT TIME ZONE '\(zone.sql)', 'YYYY-MM-DD')", "currency"], ["count(*)"], days,
                rows.pool)
            #expect(try await told(days, ["attempts"], rows.pool) == counted, "\(zone)")
        }
        let hours = try await query(.usage, [.hour], from: 5, until: 6, zone: .named("Asia/Shanghai")).answer(rows.pool)
        #expect(hours.rows.first?.names[.hour] == "2026-11-23T13:00+08:00")
        let west = try await query(.usage, [.hour], from: 5, until: 6, zone: .offset(-210)).answer(rows.pool)
        #expect(west.rows.first?.names[.hour] == "2026-11-23T01:30-03:30")
    }

    @Test func `pages join to the whole, in one order`() async throws {
        let rows = try await LedgerRows(seed: 8)
        for view in StatisticsView.allCases {
            let whole = try await query(view, [.model, .user, .status]).answer(rows.pool)
            var (joined, page) = ([StatisticsQuery.Row](), query(view, [.model, .user, .status]))
            page.limit = 7
            while joined.count < whole.groups {
                page.offset = joined.count
                let answer = try await page.answer(rows.pool)
                #expect(answer.groups == whole.groups && answer.totals == whole.totals)
                joined += answer.rows
            }
            #expect(joined == whole.rows && !joined.isEmpty, "\(view)")
        }
    }

    @Test(arguments: StatisticsView.allCases)
    func `a time without attempts has no rows`(_ view: StatisticsView) async throws {
        let rows = try await LedgerRows(seed: 9, count: 1)

        let answer = try await query(view, view.standard, from: 500, until: 600).answer(rows.pool)

        #expect(answer == StatisticsQuery.Answer())
    }

    @Test func `figures are told whatever else is in the tables`() async throws {
        let rows = try await LedgerRows(seed: 10, count: 20)
        for table in ["usage_routes_hourly", "usage_users_hourly"] {
            _ = try await rows.pool.query(
                "UPDATE \(table) SET attempts = 9223372036854775807, tokens_in = 9223372036854775807, histogram = '{-1,5}'"
            )
        }

        for view in StatisticsView.allCases {
            let answer = try await query(view, [.model, .hour], from: 0, until: 72).answer(rows.pool)
            #expect(!answer.rows.isEmpty || view == .errors)
        }
    }
}
