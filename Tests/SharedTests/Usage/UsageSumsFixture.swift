import Testing

@testable import Shared

/// The tables of sums, compared with the rows of `usage_attempts`.
struct UsageSumsFixture: Sendable {
    static let tables = ["usage_users_hourly", "usage_users_daily", "usage_routes_hourly", "usage_routes_daily"]

    private static let route = ["model", "provider", "account", "currency", "status", "coalesce(error_kind, '')"]
    private static let sums = """
        count(*) AS attempts, count(*) FILTER (WHERE attempt = 1) AS requests, count(*) FILTER (WHERE streamed) AS streamed_attempts,
        count(*) FILTER (WHERE estimated) AS estimated_attempts, sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out,
        sum(tokens_cached) AS tokens_cached, sum(tokens_reasoning) AS tokens_reasoning,
        sum(tokens_cache_write) AS tokens_cache_write, sum(tokens_cache_write_1h) AS tokens_cache_write_1h,
        sum(latency_ms) AS latency_ms_sum, coalesce(sum(ttft_ms), 0) AS ttft_ms_sum, count(ttft_ms) AS ttft_count,
        coalesce(sum(queue_ms) FILTER (WHERE attempt = 1), 0) AS queue_ms_sum, sum(cost) AS cost
        """
    private static let names = """
        attempts, requests, streamed_attempts, estimated_attempts, tokens_in, tokens_out, tokens_cached, tokens_reasoning,
        tokens_cache_write, tokens_cache_write_1h, latency_ms_sum, ttft_ms_sum, ttft_count, queue_ms_sum, cost
        """

    let pool: PostgresPool

    private static func key(_ table: String) -> (time: String, of: String, rest: [String], columns: [String]) {
        let isDaily = table.hasSuffix("daily")
        let users = table.contains("users") ? ["tenant", "coalesce(user_id, '')"] : []
        let columns = (table.contains("users") ? ["tenant", "user_id"] : []) + route.dropLast() + ["error_kind"]
        return (
            isDaily ? "(started_at AT TIME ZONE 'UTC')::date" : "date_trunc('hour', started_at, 'UTC')",
            isDaily ? "day" : "hour", users + route, columns
        )
    }

    /// Rows in which a table differs from the sums of the attempts, either way, counts of its histograms included.
    func differences(_ table: String) async throws -> Int {
        let key = Self.key(table)
        let by = ([key.time] + key.rest).joined(separator: ", ")
        let columns = ([key.of] + key.columns).joined(separator: ", ")
        let sums = try await pool.query(
            """
            WITH raw AS (SELECT \(by), \(Self.sums) FROM usage_attempts GROUP BY \(by)),
                kept AS (SELECT \(columns), \(Self.names) FROM \(table) WHERE attempts <> 0)
            (SELECT * FROM raw EXCEPT SELECT * FROM kept) UNION ALL (SELECT * FROM kept EXCEPT SELECT * FROM raw)
            """)
        let buckets = try await pool.query(
            """
            WITH times AS (
                SELECT usage_attempts.*, metric.name AS metric, metric.ms AS ms FROM usage_attempts, LATERAL (VALUES
                    ('latency', latency_ms), ('ttft', ttft_ms), ('queue', CASE WHEN attempt = 1 THEN queue_ms END)) AS metric (name, ms)
                WHERE metric.ms IS NOT NULL),
            raw AS (SELECT \(by), metric, usage_bucket(ms), count(*) FROM times GROUP BY \(by), metric, usage_bucket(ms)),
            kept AS (
                SELECT \(columns), metric, bucket, sum(number.attempts) FROM \(table),
                    unnest(ARRAY['latency', 'ttft', 'queue']) AS metric, usage_histogram(histogram, metric) AS number
                GROUP BY \(columns), metric, bucket HAVING sum(number.attempts) <> 0)
            (SELECT * FROM raw EXCEPT SELECT * FROM kept) UNION ALL (SELECT * FROM kept EXCEPT SELECT * FROM raw)
            """)
        return sums.count + buckets.count
    }
}
