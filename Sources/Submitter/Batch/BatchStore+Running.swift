import Shared

/// The moves of the process that runs a batch.
///
/// A batch belongs to one runner at a time, for as long as it renews. Every move names the runner and changes nothing
/// where the batch is another's by now, so that a process that slept cannot write into it.
extension BatchStore {
    /// The batch is another runner's, or gone.
    struct Lost: Error {}

    /// Takes a batch that nobody runs: of the tenant that has the fewest running, its oldest.
    ///
    /// `without` are tenants that have their share here. `batches_to_run` serves it.
    func claim(
        _ runner: String, for lease: Duration, without: [String] = []
    ) async throws(PostgresError) -> Batch? {
        let row = try await pool.query(
            """
            UPDATE batches SET runner = $1, runner_until = now() + $2::bigint * interval '1 millisecond' WHERE id IN (
                SELECT id FROM batches
                WHERE status IN ('validating', 'in_progress', 'finalizing', 'cancelling')
                    AND (runner_until IS NULL OR runner_until <= now())
                    AND NOT (is_paused AND status = 'in_progress' AND deadline > now())
                    AND tenant <> ALL ($3::text[])
                ORDER BY (SELECT count(*) FROM batches r WHERE r.tenant = batches.tenant AND r.runner_until > now()
                    AND r.status IN ('validating', 'in_progress', 'finalizing', 'cancelling')), created_at
                LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING \(Self.columns)
            """, [.text(runner), .int(lease.milliseconds), .array(without)]
        ).first
        return try row.map { row throws(PostgresError) in try Batch(row) }
    }

    /// Keeps those of these claims, runners by batch, that nobody has claimed since.
    ///
    /// Returns how they stand now.
    func renew(_ claims: [String: String], for lease: Duration) async throws(PostgresError) -> [Batch] {
        let rows = try await pool.query(
            """
            UPDATE batches SET runner_until = now() + $3::bigint * interval '1 millisecond'
            WHERE (id, runner) IN (SELECT * FROM unnest($1::text[], $2::text[])) RETURNING \(Self.columns)
            """, [.array(claims.map(\.key)), .array(claims.map(\.value)), .int(lease.milliseconds)])
        return try Self.batches(rows)
    }

    /// Gives a batch back, for any runner to take.
    func release(_ batch: String, _ runner: String) async throws(PostgresError) {
        _ = try await pool.query(
            "UPDATE batches SET runner = NULL, runner_until = NULL, running = 0 WHERE id = $1 AND runner = $2",
            [.text(batch), .text(runner)])
    }

    /// The lines that have their result, from the input's beginning on.
    func doneLines(of batch: String) async throws(PostgresError) -> LineSet {
        var lines = LineSet()
        var last = 0
        while true {
            let rows = try await pool.query(
                "SELECT line FROM batch_results WHERE batch = $1 AND line > $2::bigint ORDER BY line LIMIT 10000",
                [.text(batch), .int(last)]
            ).rows
            for row in rows {
                last = try row.required("line")
                lines.insert(last)
            }
            if rows.count < 10_000 { return lines }
        }
    }

    /// Books results, each line's first only, with their sums.
    ///
    /// Returns how the batch stands after it. `running` is the number of lines that are still in the queue.
    func record(
        _ results: [BatchResult], of batch: String, by runner: String, running: Int
    ) async throws -> Batch {
        let booked = try await pool.transaction { connection throws(PostgresError) -> Batch? in
            let row = try connection.query(
                "SELECT \(Self.columns) FROM batches WHERE id = $1 AND runner = $2 FOR UPDATE",
                [.text(batch), .text(runner)]
            ).first
            guard let row else { return nil }
            var counts = try Batch(row).counts
            let arrays = ResultColumns.parameters(results)
            // The lock is held, so this sees what an earlier runner has written.
            let new = try connection.query(ResultColumns.insert, [.text(batch), .int(counts.recorded)] + arrays)
            counts.add(results, lines: try Self.lines(new), running: running)
            let changed = try connection.query(Self.sums, [.text(batch)] + counts.parameters).first
            return try changed.map { row throws(PostgresError) in try Batch(row) }
        }
        guard let booked else { throw Lost() }
        return booked
    }

    private static func lines(_ rows: PostgresRows) throws(PostgresError) -> Set<Int> {
        var lines: Set<Int> = []
        for row in rows.rows { lines.insert(try row.required("line")) }
        return lines
    }

    private static let sums = """
        UPDATE batches SET recorded = $2::bigint, succeeded = $3::bigint, failed = $4::bigint, retried = $5::bigint,
            running = $6::bigint, tokens_in = $7::bigint, tokens_out = $8::bigint, tokens_cached = $9::bigint,
            tokens_reasoning = $10::bigint, cost = $11::json, output_bytes = $12::bigint, error_bytes = $13::bigint
        WHERE id = $1 RETURNING \(columns)
        """

    /// The input was found good: its lines can be sent.
    func validated(_ batch: String, by runner: String, total: Int) async throws -> Batch {
        try await move(
            batch, runner, "status = 'validating'",
            "status = 'in_progress', in_progress_at = now(), total = $3::bigint",
            [.int(total)])
    }

    /// The input was found bad.
    func refused(_ batch: String, by runner: String, _ errors: JSON) async throws -> Batch {
        try await move(
            batch, runner, "true",
            "status = 'failed', failed_at = now(), errors = $3::json, runner = NULL, runner_until = NULL",
            [Self.json(errors)])
    }

    /// The rest of the batch is not sent, for this reason, unless there was one before.
    func halt(_ batch: String, by runner: String, for reason: Batch.Halt) async throws -> Batch {
        try await move(batch, runner, "true", "halt = coalesce(halt, $3)", [.text(reason.rawValue)])
    }

    /// Every line has its result, or none was sent.
    ///
    /// A batch that lacks results is not ended.
    func end(_ batch: String, by runner: String, as status: Batch.Status) async throws -> Batch {
        try await move(
            batch, runner, "(in_progress_at IS NULL OR succeeded + failed >= total)",
            """
            status = $3, finalizing_at = coalesce(finalizing_at, now()), running = 0, runner = NULL,
            runner_until = NULL, \(status.rawValue)_at = now()
            """, [.text(status.rawValue)])
    }

    private func move(
        _ batch: String, _ runner: String, _ condition: String, _ assignments: String,
        _ more: [PostgresParameter] = []
    ) async throws -> Batch {
        let row = try await pool.query(
            """
            UPDATE batches SET \(assignments) WHERE id = $1 AND runner = $2 AND \(condition)
            RETURNING \(Self.columns)
            """,
            [.text(batch), .text(runner)] + more
        ).first
        guard let row else { throw Lost() }
        return try Batch(row)
    }
}

extension BatchCounts {
    /// Adds the results of those lines that were booked now.
    fileprivate mutating func add(_ results: [BatchResult], lines: Set<Int>, running: Int) {
        self.running = running
        recorded += results.count
        for result in results where lines.contains(result.line) {
            if result.isOK { succeeded += 1 } else { failed += 1 }
            retried = retried.addingClamped(max(0, result.attempts - 1))
            tokens.add(result.usage)
            if result.cost > 0 { cost[result.currency, default: 0] += result.cost }
            let bytes = result.body.utf8.count + 1
            if result.isOK { outputBytes += bytes } else { errorBytes += bytes }
        }
    }

    fileprivate var parameters: [PostgresParameter] {
        [
            .int(recorded), .int(succeeded), .int(failed), .int(retried), .int(running), .int(tokens.input),
            .int(tokens.output), .int(tokens.cached), .int(tokens.reasoning), BatchStore.json(costJSON),
            .int(outputBytes), .int(errorBytes),
        ]
    }
}

/// The columns of `batch_results` that a runner writes, as arrays.
private enum ResultColumns {
    private typealias Column = (name: String, type: String, value: @Sendable (BatchResult) -> String?)

    private static let columns: [Column] = [
        ("line", "bigint", { "\($0.line)" }), ("is_ok", "boolean", { $0.isOK ? "t" : "f" }),
        ("is_retryable", "boolean", { $0.isRetryable ? "t" : "f" }), ("request_id", "text", { $0.requestID }),
        ("model", "text", { $0.model }), ("tokens_in", "bigint", { "\($0.usage.input)" }),
        ("tokens_out", "bigint", { "\($0.usage.output)" }), ("tokens_cached", "bigint", { "\($0.usage.cached)" }),
        ("tokens_reasoning", "bigint", { "\($0.usage.reasoning)" }), ("cost", "numeric", { "\($0.cost)" }),
        ("currency", "text", { $0.currency }), ("latency_ms", "bigint", { "\($0.milliseconds)" }),
        ("attempts", "integer", { "\($0.attempts)" }), ("body", "text", { $0.body }),
    ]

    static func parameters(_ results: [BatchResult]) -> [PostgresParameter] {
        columns.map { column in .array(results.map(column.value)) }
    }

    /// Returns the lines that were new.
    static let insert: String = {
        let names = columns.map(\.name).joined(separator: ", ")
        let arrays = columns.enumerated().map { "$\($0 + 3)::\($1.type)[]" }.joined(separator: ", ")
        return """
            INSERT INTO batch_results (batch, seq, \(names))
            SELECT $1, $2::bigint + row_number() OVER (ORDER BY place), \(names)
            FROM unnest(\(arrays)) WITH ORDINALITY AS n(\(names), place)
            ON CONFLICT (batch, line) DO NOTHING RETURNING line
            """
    }()
}
