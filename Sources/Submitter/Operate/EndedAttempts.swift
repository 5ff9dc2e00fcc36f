import Shared

/// Attempts that have ended, from the ledger in PostgreSQL.
struct EndedAttempts: Sendable {
    static let columns = [
        "ended_at", "id", "attempt", "status", "error", "tenant", "model", "account", "lane", "tokens_in", "tokens_out",
        "cost", "currency", "latency_ms",
    ]

    struct Filter: Sendable {
        /// Milliseconds since 1970.
        var since: Int64
        var status: AttemptRecord.Status?
        var tenant: String?
        var model: String?
        var lane: Lane?
    }

    private let pool: PostgresPool

    init(_ pool: PostgresPool) { self.pool = pool }

    /// Only the partitions of the months since then are read.
    ///
    /// Within them `usage_attempts_by_start` leaves out the ranges of pages that are older.
    private static let statement = """
        SELECT request_id, attempt, (extract(epoch FROM started_at) * 1000)::bigint AS started,
            (extract(epoch FROM ended_at) * 1000)::bigint AS ended, status, error_kind, tenant, user_id, model, provider,
            account, lane, worker, tokens_in, tokens_out, tokens_cached, trim_scale(cost) AS cost, currency, latency_ms,
            ttft_ms, queue_ms
        FROM usage_attempts
        WHERE started_at >= $1::timestamptz AND ($2::text IS NULL OR status = $2)
            AND ($3::text IS NULL OR tenant = $3) AND ($4::text IS NULL OR model = $4) AND ($5::text IS NULL OR lane = $5)
        ORDER BY started_at DESC, request_id, attempt DESC LIMIT $6::integer
        """

    /// The latest first.
    func list(_ filter: Filter, limit: Int) async throws(PostgresError) -> [JSON] {
        let rows = try await pool.query(
            Self.statement,
            [
                .time(filter.since), .text(filter.status?.rawValue), .text(filter.tenant), .text(filter.model),
                .text(filter.lane?.rawValue), .int(limit),
            ])
        var list: [JSON] = []
        for row in rows.rows { list.append(try Self.record(row)) }
        return list
    }

    private static let texts = [
        ("status", "status"), ("error_kind", "error"), ("tenant", "tenant"), ("user_id", "user"), ("model", "model"),
        ("provider", "provider"), ("account", "account"), ("lane", "lane"), ("worker", "worker"),
    ]
    private static let numbers = ["tokens_in", "tokens_out", "tokens_cached"]
    private static let times = ["latency_ms", "ttft_ms", "queue_ms"]

    private static func record(_ row: PostgresRow) throws(PostgresError) -> JSON {
        var record: JSONObject = [:]
        record.set("id", .string(try row.required("request_id")))
        record.set("attempt", .int(try row.required("attempt")))
        record.set("started_at", try number(row, "started"))
        record.set("ended_at", try number(row, "ended"))
        for (column, name) in texts { record.set(name, try row.text(column).map { .string($0) } ?? .null) }
        for name in numbers { record.set(name, try number(row, name)) }
        record.set("cost", try row.value("cost", Double.self).flatMap(JSONNumber.init).map(JSON.number) ?? .null)
        record.set("currency", .string(try row.required("currency")))
        for name in times { record.set(name, try number(row, name)) }
        return .object(record)
    }

    private static func number(_ row: PostgresRow, _ column: String) throws(PostgresError) -> JSON {
        try row.value(column, Int64.self).map { .number(JSONNumber($0)) } ?? .null
    }

    /// With times in words.
    static func readable(_ row: JSON) -> JSON {
        guard var shown = row.objectValue else { return row }
        shown.set("ended_at", .string(AdminTable.time(row["ended_at"])))
        return .object(shown)
    }
}
