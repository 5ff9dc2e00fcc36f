import TestSupport
import Testing

@testable import Shared

/// A ledger of its own, with readings for tests.
struct LedgerFixture: Sendable {
    let pool: PostgresPool
    let ledger: UsageLedger

    init() async throws {
        pool = try await SharedPostgres.shared.migratedPool()
        ledger = UsageLedger(pool)
    }

    /// 23 November 2026, 00:00 UTC.
    static let day: Int64 = 1_795_392_000_000

    static func row(
        _ id: String, attempt: Int = 1, isFinal: Bool = true, at startedAt: Int64 = day, input: Int = 100,
        output: Int = 50,
        status: AttemptRecord.Status = .done, account: String = "a"
    ) -> UsageRow {
        var record = AttemptRecord(startedAt: startedAt, enqueuedAt: startedAt - 7)
        record.model = "m"
        record.provider = "openai"
        record.account = account
        record.worker = "w"
        record.prices = Prices(input: 1, output: 2)
        record.usage = TokenUsage(input: input, output: output, isEstimated: !isFinal)
        record.status = status
        record.endedAt = startedAt + 1000
        record.firstToken = isFinal ? 30 : nil
        return UsageRow(requestID: id, attempt: attempt, isFinal: isFinal, record: record)
    }

    /// Repeats what may be repeated, as the flusher does.
    ///
    /// Returns the number of repeats.
    @discardableResult
    func record(_ rows: [UsageRow]) async throws -> Int {
        var repeats = 0
        while true {
            do throws(PostgresError) {
                try await ledger.record(rows)
                return repeats
            } catch {
                guard error.code == .serializationOrDeadlock else { throw error }
                repeats += 1
            }
        }
    }

    /// `request attempt final|estimated tokens`, in order.
    func attempts() async throws -> [String] {
        try await pool.query("SELECT * FROM usage_attempts ORDER BY request_id, attempt").rows.map { row in
            "\(try row.required("request_id", String.self)) \(try row.required("attempt", Int.self)) "
                + "\(try row.bool("final") ? "final" : "estimated") \(try row.required("tokens_out", Int.self))"
        }
    }

    /// Attempts and tokens of the hourly sums.
    func totals() async throws -> (attempts: Int, tokens: Int) {
        let row = try #require(
            try await pool.query(
                "SELECT coalesce(sum(attempts), 0) AS a, coalesce(sum(tokens_in + tokens_out), 0) AS t FROM usage_hourly"
            ).first)
        return (try row.required("a"), try row.required("t"))
    }

    /// Rows in which the hourly sums differ from the sums of the attempts, either way.
    func differences() async throws -> Int {
        let sums = """
            SELECT date_trunc('hour', started_at, 'UTC') AS hour, model, provider, account, tenant, coalesce(user_id, '') AS user_id,
                currency, status, count(*) AS attempts, sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out,
                sum(tokens_cached) AS tokens_cached, sum(tokens_reasoning) AS tokens_reasoning, sum(cost) AS cost,
                sum(latency_ms) AS latency_ms_sum, sum(coalesce(ttft_ms, 0)) AS ttft_ms_sum, count(ttft_ms) AS ttft_count,
                count(*) FILTER (WHERE estimated) AS estimated_attempts,
                sum(tokens_cache_write) AS tokens_cache_write, sum(tokens_cache_write_1h) AS tokens_cache_write_1h
            FROM usage_attempts GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
            """
        return try await pool.query(
            """
            WITH raw AS (\(sums)), kept AS (SELECT * FROM usage_hourly WHERE attempts <> 0)
            (SELECT * FROM raw EXCEPT SELECT * FROM kept) UNION ALL (SELECT * FROM kept EXCEPT SELECT * FROM raw)
            """
        ).count
    }
}
