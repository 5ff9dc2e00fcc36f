import Shared

/// A row of `usage_attempts`, as people see it.
struct LoggedAttempt: Sendable {
    let cursor: UsageLogCursor
    /// Its members, times in milliseconds since 1970.
    let json: JSON
    /// Exact, in decimal digits.
    let cost: String

    /// In the order in which they are told.
    static let members = [
        "request_id", "attempt", "started_at", "ended_at", "status", "error_kind", "tenant", "user", "model",
        "provider",
        "account", "upstream_model", "lane", "streamed", "worker", "tokens_in", "tokens_out", "tokens_cached",
        "tokens_reasoning", "tokens_cache_write", "tokens_cache_write_1h", "cost", "currency", "latency_ms", "ttft_ms",
        "queue_ms", "finish_reason", "estimated", "final", "upstream_request_id",
    ]

    static let columns = """
        request_id, attempt, started_at, (extract(epoch FROM started_at) * 1000000)::bigint AS started_us,
        (extract(epoch FROM ended_at) * 1000)::bigint AS ended_ms, status, error_kind, tenant, user_id, model, provider,
        account, upstream_model, lane, streamed, worker, tokens_in, tokens_out, tokens_cached, tokens_reasoning,
        tokens_cache_write, tokens_cache_write_1h, trim_scale(cost) AS cost, currency, latency_ms, ttft_ms, queue_ms,
        finish_reason, estimated, final, upstream_request_id
        """

    static func list(_ rows: PostgresRows) throws(PostgresError) -> [LoggedAttempt] {
        var list: [LoggedAttempt] = []
        for row in rows.rows { list.append(try LoggedAttempt(row)) }
        return list
    }

    private init(_ row: PostgresRow) throws(PostgresError) {
        cursor = UsageLogCursor(
            startedAt: try row.required("started_us"), requestID: try row.required("request_id"),
            attempt: try row.required("attempt"))
        cost = try row.required("cost")
        var object: JSONObject = [:]
        for member in Self.members { object.set(member, try Self.value(of: member, row)) }
        json = .object(object)
    }

    private static func value(of member: String, _ row: PostgresRow) throws(PostgresError) -> JSON {
        switch member {
        case "started_at": .number(JSONNumber(try row.required("started_us", Int64.self) / 1000))
        case "ended_at": try number(row, "ended_ms")
        case "user": try row.text("user_id").map { .string($0) } ?? .null
        case "cost": try row.value("cost", Double.self).flatMap(JSONNumber.init).map(JSON.number) ?? .null
        case "streamed", "estimated", "final": .bool(try row.bool(member))
        case "attempt", "latency_ms", "ttft_ms", "queue_ms": try number(row, member)
        case _ where member.hasPrefix("tokens_"): try number(row, member)
        default: try row.text(member).map { .string($0) } ?? .null
        }
    }

    private static func number(_ row: PostgresRow, _ column: String) throws(PostgresError) -> JSON {
        try row.value(column, Int64.self).map { .number(JSONNumber($0)) } ?? .null
    }
}
