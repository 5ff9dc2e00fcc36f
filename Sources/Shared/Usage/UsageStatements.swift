/// The SQL of the ledger.
///
/// Values travel as arrays, one per column, unnested on the server.
enum UsageStatements {
    private typealias Column = (
        name: String, type: String, append: @Sendable (inout PostgresArray, UsageRow) -> Void
    )

    /// Name, type and value of every column of `usage_attempts`, in one order for all statements.
    private static let columns: [Column] = [
        ("request_id", "text", { $0.append($1.requestID) }),
        ("attempt", "integer", { $0.append($1.attempt) }),
        ("started_at", "timestamptz", { $0.append(PostgresParameter.timestamp($1.record.startedAt)) }),
        ("ended_at", "timestamptz", { $0.append($1.record.endedAt.map(PostgresParameter.timestamp)) }),
        ("tenant", "text", { $0.append($1.record.tenant) }),
        ("user_id", "text", { $0.append($1.record.user) }),
        ("model", "text", { $0.append($1.record.model) }),
        ("provider", "text", { $0.append($1.record.provider) }),
        ("account", "text", { $0.append($1.record.account) }),
        ("upstream_model", "text", { $0.append($1.record.upstreamModel) }),
        ("lane", "text", { $0.append($1.record.lane.rawValue) }),
        ("streamed", "boolean", { $0.append($1.record.isStreamed) }),
        ("tokens_in", "bigint", { $0.append($1.record.usage.input) }),
        ("tokens_out", "bigint", { $0.append($1.record.usage.output) }),
        ("tokens_cached", "bigint", { $0.append($1.record.usage.cached) }),
        ("tokens_reasoning", "bigint", { $0.append($1.record.usage.reasoning) }),
        ("tokens_cache_write", "bigint", { $0.append($1.record.usage.cacheWrites) }),
        ("tokens_cache_write_1h", "bigint", { $0.append($1.record.usage.hourlyCacheWrites) }),
        ("cost", "numeric", { $0.append(String($1.record.cost)) }),
        ("currency", "text", { $0.append($1.record.prices.currency) }),
        ("latency_ms", "bigint", { $0.append($1.record.latency) }),
        ("ttft_ms", "bigint", { $0.append($1.record.firstToken.map { String($0) }) }),
        ("queue_ms", "bigint", { $0.append($1.record.waited) }),
        ("status", "text", { $0.append($1.record.status.rawValue) }),
        ("error_kind", "text", { $0.append($1.record.errorKind?.rawValue) }),
        ("finish_reason", "text", { $0.append($1.record.finishReason) }),
        ("estimated", "boolean", { $0.append($1.record.usage.isEstimated) }),
        ("final", "boolean", { $0.append($1.isFinal) }),
        ("worker", "text", { $0.append($1.record.worker) }),
        ("upstream_request_id", "text", { $0.append($1.record.upstreamRequest) }),
    ]

    private static let names = columns.map(\.name).joined(separator: ", ")

    /// One array per column, of rows that are `bounded`.
    static func parameters(_ rows: [UsageRow]) -> [PostgresParameter] {
        var arrays = columns.map { _ in PostgresArray(capacity: rows.count) }
        // Row by row, since a row is a large value, which an array would copy for each column.
        for row in rows {
            for index in columns.indices { columns[index].append(&arrays[index], row) }
        }
        return arrays.map(\.parameter)
    }

    private static let new = """
        new AS (SELECT * FROM unnest(\(columns.enumerated().map { "$\($0 + 1)::\($1.type)[]" }.joined(separator: ", ")))
            AS n(\(names)))
        """

    /// Held to the end of the transaction.
    static let lock = "SELECT pg_advisory_xact_lock('usage_hourly'::regclass::oid::bigint)"

    /// Adds new rows to the raw table, the rollup and the quota.
    ///
    /// Returns how many were new. The primary keys serve it.
    static let insert = """
        WITH \(new),
        fresh AS (
            INSERT INTO usage_attempts (\(names)) SELECT \(names) FROM new ORDER BY request_id, attempt
            ON CONFLICT DO NOTHING RETURNING *),
        change AS (SELECT 1 AS sign, * FROM fresh),
        \(booking)
        SELECT (SELECT count(*) FROM fresh) AS inserted, (SELECT count(*) FROM rolled) AS rolled
        """

    /// Replaces estimated rows by final ones and books the difference.
    ///
    /// The lock makes concurrent replacers wait and look again.
    static let replace = """
        WITH \(new),
        old AS (
            SELECT t.* FROM usage_attempts t JOIN new n USING (request_id, attempt, started_at)
            WHERE NOT t.final ORDER BY t.request_id, t.attempt FOR UPDATE OF t),
        done AS (
            UPDATE usage_attempts t SET \(columns.dropFirst(3).map { "\($0.name) = n.\($0.name)" }.joined(separator: ", "))
            FROM new n JOIN old USING (request_id, attempt, started_at)
            WHERE t.request_id = n.request_id AND t.attempt = n.attempt AND t.started_at = n.started_at AND NOT t.final
            RETURNING t.*),
        change AS (
            SELECT -1 AS sign, old.* FROM old JOIN done USING (request_id, attempt, started_at)
            UNION ALL SELECT 1, done.* FROM done),
        \(booking)
        SELECT (SELECT count(*) FROM done) AS replaced, (SELECT count(*) FROM rolled) AS rolled
        """

    private static let rollupKey = ["hour", "model", "provider", "account", "tenant", "user_id", "currency", "status"]
    private static let sums: [(name: String, value: String, most: String)] = [
        ("attempts", "1", mostWhole), ("tokens_in", "tokens_in", mostWhole), ("tokens_out", "tokens_out", mostWhole),
        ("tokens_cached", "tokens_cached", mostWhole), ("tokens_reasoning", "tokens_reasoning", mostWhole),
        ("tokens_cache_write", "tokens_cache_write", mostWhole),
        ("tokens_cache_write_1h", "tokens_cache_write_1h", mostWhole),
        ("cost", "cost", mostCost), ("latency_ms_sum", "latency_ms", mostWhole),
        ("ttft_ms_sum", "coalesce(ttft_ms, 0)", mostWhole), ("ttft_count", "(ttft_ms IS NOT NULL)::int", mostWhole),
        ("estimated_attempts", "estimated::int", mostWhole),
    ]

    /// Largest numbers of `bigint` and of the rollup's `numeric(24, 10)`.
    private static let mostWhole = "9223372036854775807"
    private static let mostCost = "99999999999999"

    /// A sum that stays at its column's bound: rows of older builds, or a quota that people entered, may be near it,
    /// and one that goes beyond would refuse every later bill of the account.
    private static func saturated(_ sum: String, _ most: String) -> String {
        "GREATEST(LEAST(\(sum), \(most)), -\(most))"
    }

    /// `change` (rows with a sign) to the rollup and to the accounts, both in key order.
    private static var booking: String {
        let key = rollupKey.joined(separator: ", ")
        let selected =
            "date_trunc('hour', started_at, 'UTC'), model, provider, account, tenant, coalesce(user_id, ''), currency, status"
        let added = sums.map { sum in
            "\(sum.name) = " + saturated("h.\(sum.name)::numeric + excluded.\(sum.name)", sum.most)
        }.joined(separator: ", ")
        return """
            rolled AS (
                INSERT INTO usage_hourly AS h (\(key), \(sums.map(\.name).joined(separator: ", ")))
                SELECT \(selected), \(sums.map { saturated("sum(sign * \($0.value)::numeric)", $0.most) }.joined(separator: ", "))
                FROM change GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8
                ON CONFLICT (\(key)) DO UPDATE SET \(added)
                RETURNING 1),
            spent AS (
                SELECT account, sum(sign * (tokens_in::numeric + tokens_out)) AS tokens FROM change GROUP BY account),
            held AS (
                SELECT a.id, spent.tokens FROM accounts a JOIN spent ON spent.account = a.id ORDER BY a.id FOR UPDATE OF a),
            quotas AS (
                UPDATE accounts SET quota_used = \(saturated("quota_used::numeric + held.tokens", mostWhole)) FROM held WHERE accounts.id = held.id)
            """
    }
}
