import Shared
import TestSupport
import Testing

@testable import Submitter

/// Pages of the usage log equal the rows, whatever is filtered by.
@Suite struct UsageLogTests {
    private static let hour: Int64 = 3_600_000

    private func log(_ rows: LedgerRows) -> UsageLog {
        UsageLog(rows.pool, clock: ManualClock(LedgerRows.day + 80 * Self.hour))
    }

    private func ids(_ attempts: [LoggedAttempt]) -> [String] {
        attempts.map { "\($0.cursor.requestID) \($0.cursor.attempt)" }
    }

    private func all(_ query: UsageLogQuery, _ log: UsageLog) async throws -> [String] {
        var (found, query) = ([String](), query)
        while true {
            let page = try await log.page(query)
            #expect(page.rows.count <= query.limit)
            found += ids(page.rows)
            guard let next = page.next else { return found }
            query.after = next
        }
    }

    private func expected(_ condition: String, _ pool: PostgresPool) async throws -> [String] {
        try await pool.query(
            """
            SELECT request_id || ' ' || attempt AS id FROM usage_attempts WHERE \(condition)
            ORDER BY started_at DESC, request_id DESC, attempt DESC
            """
        ).rows.map { row throws(PostgresError) in try row.required("id") }
    }

    @Test(
        arguments: [
            ([:], "true"), ([.model: "m"], "model = 'm'"), ([.user: "ada"], "user_id = 'ada'"),
            ([.user: ""], "user_id IS NULL"), ([.tenant: "t"], "tenant = 't'"),
            ([.errorKind: "timeout", .account: "a"], "error_kind = 'timeout' AND account = 'a'"),
            ([.errorKind: ""], "error_kind IS NULL"),
            ([.status: "lost", .provider: "zhipu"], "status = 'lost' AND provider = 'zhipu'"),
            ([.tenant: "u", .user: "eve", .currency: "CNY"], "tenant = 'u' AND user_id = 'eve' AND currency = 'CNY'"),
            ([.model: "nobody"], "false"), ([.status: "done", .errorKind: "timeout"], "false"),
        ] as [(StatisticsFilters, String)], [3, 50])
    func `pages of any size join to all that match, newest first`(
        _ filter: (StatisticsFilters, String), _ limit: Int
    ) async throws {
        let rows = try await LedgerRows(seed: 11, count: 200)

        let found = try await all(UsageLogQuery(filters: filter.0, limit: limit), log(rows))

        #expect(try await found == expected(filter.1, rows.pool))
    }

    @Test func `a time, a request and a lane select`() async throws {
        let rows = try await LedgerRows(seed: 12, count: 200)
        let (since, until) = (LedgerRows.day + 20 * Self.hour, LedgerRows.day + 30 * Self.hour)
        let between = "started_at >= '2026-11-23 20:00Z' AND started_at < '2026-11-24 06:00Z'"

        for filters in [[:], [.model: "m"], [.user: "ben"]] as [StatisticsFilters] {
            let condition = filters.map { "\($0.key.column) = '\($0.value)'" }.first ?? "true"
            let query = UsageLogQuery(filters: filters, since: since, until: until, limit: 5)
            #expect(try await all(query, log(rows)) == expected("\(between) AND \(condition)", rows.pool))
        }
        #expect(try await all(UsageLogQuery(requestID: "r5"), log(rows)) == ["r5 2"])
        #expect(try await all(UsageLogQuery(filters: [.model: "m"], lane: .high), log(rows)).isEmpty)
        #expect(try await all(UsageLogQuery(since: until, until: since), log(rows)).isEmpty)
        #expect(try await ids(log(rows).attempts(of: "r5", tenant: "nobody")).isEmpty)
    }

    @Test func `a rare row is found among the oldest`() async throws {
        let rows = try await LedgerRows(seed: 13, count: 50)
        var record = AttemptRecord(startedAt: LedgerRows.day - 900 * 24 * Self.hour, enqueuedAt: 0)
        (record.model, record.status) = ("rare", .done)
        try await UsageLedger(rows.pool).record([UsageRow(requestID: "old", attempt: 1, isFinal: true, record: record)])

        #expect(try await all(UsageLogQuery(filters: [.model: "rare"]), log(rows)) == ["old 1"])
        let days = UsageLogDays(pool: rows.pool)
        let span = try await days.span(of: UsageLogQuery(filters: [.model: "rare"]), until: LedgerRows.day)
        #expect(span == .init(since: LedgerRows.day - 900 * 24 * Self.hour, attempts: 1))
        #expect(try await days.span(of: UsageLogQuery(filters: [.model: "none"]), until: LedgerRows.day) == nil)
    }

    @Test func `rows of one moment are told once each`() async throws {
        let rows = try await LedgerRows(seed: 14, count: 0)
        let records = (0..<25).map { number in
            var record = AttemptRecord(startedAt: LedgerRows.day, enqueuedAt: LedgerRows.day)
            record.model = "m"
            return UsageRow(requestID: "r\(number)", attempt: 1, isFinal: true, record: record)
        }
        try await UsageLedger(rows.pool).record(records)

        for filters in [[:], [.model: "m"]] as [StatisticsFilters] {
            let found = try await all(UsageLogQuery(filters: filters, limit: 4), log(rows))
            #expect(Set(found).count == 25 && found.count == 25)
        }
    }

    @Test func `a row has all that the ledger knows, and CSV its cost to the last digit`() async throws {
        let rows = try await LedgerRows(seed: 15, count: 0)
        var record = AttemptRecord(startedAt: LedgerRows.day + 123, enqueuedAt: LedgerRows.day)
        (record.model, record.provider, record.account, record.user) = ("m", "openai", "a", "=cmd()")
        (record.status, record.errorKind, record.endedAt) = (.error, .timeout, LedgerRows.day + 1123)
        record.usage = TokenUsage(input: 3, output: 1)
        record.prices = Prices(input: 0.1, output: 0.7)
        try await UsageLedger(rows.pool).record([UsageRow(requestID: "r", attempt: 1, isFinal: true, record: record)])

        let page = try await log(rows).page(UsageLogQuery())
        let json = try #require(page.rows.first?.json)
        let csv = UsageLogCSV.text(page.rows).split(separator: "\n")

        #expect(json["started_at"] == 1_795_392_000_123 && json["ended_at"] == 1_795_392_001_123)
        #expect(json["queue_ms"] == 123 && json["user"] == "=cmd()" && json["error_kind"] == "timeout")
        #expect(json["cost"] == 0.000001 && json["ttft_ms"] == .null && json["final"] == true)
        #expect(csv.first?.hasPrefix("request_id,attempt,started_at,ended_at,status,error_kind,tenant,user,") == true)
        #expect(
            csv.last?.hasPrefix("r,1,2026-11-23T00:00:00.123Z,2026-11-23T00:00:01.123Z,error,timeout,default,'=cmd(),")
                == true)
        #expect(csv.last?.contains(",0.000001,USD,1000,,123,") == true)
    }
}
