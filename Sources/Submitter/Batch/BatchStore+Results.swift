import Shared

/// Reading results.
extension BatchStore {
    /// Results after the place `seq`, in completion order: at most `limit`, of about a megabyte together, at least one.
    ///
    /// `batch_results_by_seq` serves it.
    func results(
        of batch: String, _ kind: BatchResultKind = .all, after seq: Int, limit: Int = 500
    ) async throws(PostgresError) -> [BatchResult] {
        try await page(batch, kind, order: "seq", after: seq, limit)
    }

    /// The same in the order of the input, after the line `line`.
    ///
    /// Lines without a result are left out. The primary key serves it.
    func results(
        of batch: String, _ kind: BatchResultKind = .all, afterLine line: Int, limit: Int = 500
    ) async throws(PostgresError) -> [BatchResult] {
        try await page(batch, kind, order: "line", after: line, limit)
    }

    /// Bytes of a page, but its first row may be larger.
    private static let pageBytes = 1 << 20

    private func page(
        _ batch: String, _ kind: BatchResultKind, order: String, after place: Int, _ limit: Int
    ) async throws(PostgresError) -> [BatchResult] {
        let filter =
            switch kind {
            case .all: ""
            case .succeeded: "AND is_ok"
            case .failed: "AND NOT is_ok"
            }
        let rows = try await pool.query(
            """
            SELECT * FROM (
                SELECT *, sum(octet_length(body)) OVER (ORDER BY \(order)) - octet_length(body) AS before FROM (
                    SELECT * FROM batch_results WHERE batch = $1 AND \(order) > $2::bigint \(filter)
                    ORDER BY \(order) LIMIT $3::integer) AS next) AS page
            WHERE before < \(Self.pageBytes) ORDER BY \(order)
            """, [.text(batch), .int(place), .int(limit)])
        var results: [BatchResult] = []
        for row in rows.rows { results.append(try BatchResult(row)) }
        return results
    }

    /// Sums by model, most lines first, for a summary.
    func models(of batch: String) async throws(PostgresError) -> [BatchModelSum] {
        let rows = try await pool.query(
            """
            SELECT model, currency, count(*) FILTER (WHERE is_ok) AS ok, count(*) FILTER (WHERE NOT is_ok) AS failed,
                sum(tokens_in)::bigint AS tokens_in, sum(tokens_out)::bigint AS tokens_out, sum(cost) AS cost,
                coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY latency_ms), 0) AS p50,
                coalesce(percentile_disc(0.95) WITHIN GROUP (ORDER BY latency_ms), 0) AS p95
            FROM batch_results WHERE batch = $1 GROUP BY model, currency ORDER BY count(*) DESC, model
            """, [.text(batch)])
        var sums: [BatchModelSum] = []
        for row in rows.rows {
            sums.append(
                BatchModelSum(
                    model: try row.required("model"), currency: try row.required("currency"),
                    succeeded: try row.required("ok"), failed: try row.required("failed"),
                    tokensIn: try row.required("tokens_in"), tokensOut: try row.required("tokens_out"),
                    cost: try row.required("cost"), p50: try row.required("p50"), p95: try row.required("p95")))
        }
        return sums
    }

    /// Asks for failed lines once more: those where it may help, or `all`.
    ///
    /// Their results are removed, and the batch runs again as the next round. Readers begin anew, since the error file
    /// is another one now. Returns `nil` where there is no such batch, it has not ended, or its input is gone.
    func retryErrors(
        of id: String, all: Bool = false, deadline: Int64
    ) async throws(PostgresError) -> (batch: Batch, lines: Int)? {
        try await pool.transaction { connection throws(PostgresError) in
            let ended = Batch.Status.allCases.filter { $0.isEnded && $0 != .failed }.map { "'\($0.rawValue)'" }
            let found = try connection.query(
                """
                SELECT id FROM batches WHERE id = $1 AND status IN (\(ended.joined(separator: ", ")))
                    AND EXISTS (SELECT 1 FROM batch_files f WHERE f.id = input_file) FOR UPDATE
                """, [.text(id)])
            guard found.count > 0 else { return nil }
            let removed = try connection.query(
                "DELETE FROM batch_results WHERE batch = $1 AND NOT is_ok AND (is_retryable OR $2::boolean)",
                [.text(id), .bool(all)]
            ).affected
            let row = try connection.query(Self.nextRound(removed), [.text(id), .time(deadline)]).first
            guard let row else { return nil }
            let batch = try Batch(row)
            try connection.query(
                "UPDATE batch_files SET expires_at = greatest(expires_at, $2::timestamptz) WHERE id = $1",
                [.text(batch.inputFile), .time(batch.times.resultsExpire)])
            return (batch, removed)
        }
    }

    private static func nextRound(_ removed: Int) -> String {
        guard removed > 0 else { return "SELECT \(columns) FROM batches WHERE id = $1 AND $2::timestamptz IS NOT NULL" }
        return """
            UPDATE batches SET status = 'in_progress', halt = NULL, is_paused = false, round = round + 1,
                deadline = $2::timestamptz,
                results_expire_at = greatest(results_expire_at, $2::timestamptz + (results_expire_at - deadline)), failed = failed - \(removed),
                error_bytes = (SELECT coalesce(sum(octet_length(body) + 1), 0) FROM batch_results WHERE batch = $1 AND NOT is_ok),
                finalizing_at = NULL, completed_at = NULL, expired_at = NULL, cancelling_at = NULL, cancelled_at = NULL
            WHERE id = $1 RETURNING \(columns)
            """
    }
}

/// Sums over the lines of one model.
struct BatchModelSum: Sendable, Equatable {
    var model: String
    var currency: String
    var succeeded: Int
    var failed: Int
    var tokensIn: Int
    var tokensOut: Int
    var cost: Double
    /// Milliseconds from submission to end.
    var p50: Int
    var p95: Int
}
