import Shared

/// Files, batches and results in PostgreSQL.
///
/// What a caller sees of a batch is read from here alone, so any process can answer for any batch.
final class BatchStore: Sendable {
    let pool: PostgresPool

    init(_ pool: PostgresPool) { self.pool = pool }

    // MARK: - Batches

    static let columns = """
        id, tenant, input_file, endpoint, status, halt, is_paused, options, metadata, errors, total, recorded, succeeded, \
        failed, retried, running, tokens_in, tokens_out, tokens_cached, tokens_reasoning, cost, output_bytes, error_bytes, \
        round, CASE WHEN runner_until > now() THEN runner END AS runner, \
        \(BatchTimes.columns.map { "\(milliseconds($0)) AS \($0)" }.joined(separator: ", "))
        """

    static func milliseconds(_ column: String) -> String { "(extract(epoch FROM \(column)) * 1000)::bigint" }

    /// Adds a batch in `status`, with `total` where it is known.
    ///
    /// Its times but for `deadline` and `resultsExpire` are the server's.
    func create(_ batch: Batch) async throws(PostgresError) -> Batch {
        let rows = try await pool.query(
            """
            INSERT INTO batches (id, tenant, input_file, endpoint, status, options, metadata, total, deadline,
                results_expire_at, in_progress_at)
            VALUES ($1, $2, $3, $4, $5, $6::json, $7::json, $8::bigint, $9::timestamptz, $10::timestamptz,
                CASE WHEN $5 = 'in_progress' THEN now() END)
            ON CONFLICT (id) DO NOTHING RETURNING \(Self.columns)
            """,
            [
                .text(batch.id), .text(batch.tenant), .text(batch.inputFile), .text(batch.operation.endpoint),
                .text(batch.status.rawValue), Self.json(batch.options.json), Self.json(batch.metadata),
                .int(batch.counts.total), .time(batch.times.deadline), .time(batch.times.resultsExpire),
            ])
        if let row = rows.first { return try Batch(row) }
        guard let known = try await find(batch.id) else { throw PostgresError(.server, "a batch vanished") }
        return known
    }

    /// `tenant`: only where it is this tenant's.
    func find(_ id: String, tenant: String? = nil) async throws(PostgresError) -> Batch? {
        let row = try await pool.query(
            "SELECT \(Self.columns) FROM batches WHERE id = $1 AND ($2::text IS NULL OR tenant = $2)",
            [.text(id), .text(tenant)]
        ).first
        guard let row else { return nil }
        return try Batch(row)
    }

    /// Newest first, of all tenants without `tenant`, those after the batch `after`.
    ///
    /// `batches_by_tenant` serves it.
    func list(tenant: String?, after: String? = nil, limit: Int) async throws(PostgresError) -> [Batch] {
        let rows = try await pool.query(
            """
            SELECT \(Self.columns) FROM batches
            WHERE ($1::text IS NULL OR tenant = $1) AND ($2::text IS NULL
                OR (batches.created_at, id) < (SELECT b.created_at, b.id FROM batches b WHERE b.id = $2))
            ORDER BY batches.created_at DESC, id DESC LIMIT $3::integer
            """, [.text(tenant), .text(after), .int(limit)])
        return try Self.batches(rows)
    }

    static func batches(_ rows: PostgresRows) throws(PostgresError) -> [Batch] {
        var batches: [Batch] = []
        for row in rows.rows { batches.append(try Batch(row)) }
        return batches
    }

    // MARK: - Changes by people

    /// Has a batch ended early.
    ///
    /// One that has ended stays as it is. Returns the batch, or `nil` where there is none.
    func cancel(_ id: String, tenant: String? = nil) async throws(PostgresError) -> Batch? {
        try await change(
            id, tenant,
            """
            status = CASE WHEN status IN ('validating', 'in_progress') THEN 'cancelling' ELSE status END,
            halt = CASE WHEN status IN ('validating', 'in_progress') THEN coalesce(halt, 'batch_cancelled') ELSE halt END,
            is_paused = false,
            cancelling_at = CASE WHEN status IN ('validating', 'in_progress') THEN now() ELSE cancelling_at END
            """)
    }

    /// Stops sending lines, or goes on.
    func pause(_ id: String, _ isPaused: Bool) async throws(PostgresError) -> Batch? {
        try await change(id, nil, "is_paused = \(isPaused)")
    }

    /// Changes the wishes of a batch, from its next line on.
    func set(_ options: BatchOptions, of id: String) async throws(PostgresError) -> Batch? {
        try await change(id, nil, "options = $3::json", [Self.json(options.json)])
    }

    private func change(
        _ id: String, _ tenant: String?, _ assignments: String, _ more: [PostgresParameter] = []
    ) async throws(PostgresError) -> Batch? {
        let row = try await pool.query(
            """
            UPDATE batches SET \(assignments) WHERE id = $1 AND ($2::text IS NULL OR tenant = $2)
            RETURNING \(Self.columns)
            """, [.text(id), .text(tenant)] + more
        ).first
        guard let row else { return nil }
        return try Batch(row)
    }

    static func json(_ value: JSON) -> PostgresParameter {
        value == .null ? .null : .text(String(decoding: value.encoded, as: UTF8.self))
    }
}

extension BatchTimes {
    static let columns = [
        "created_at", "deadline", "results_expire_at", "in_progress_at", "finalizing_at", "completed_at", "failed_at",
        "expired_at", "cancelling_at", "cancelled_at",
    ]

    init(_ row: PostgresRow) throws(PostgresError) {
        created = try row.required("created_at")
        deadline = try row.required("deadline")
        resultsExpire = try row.required("results_expire_at")
        inProgress = try row.value("in_progress_at")
        finalizing = try row.value("finalizing_at")
        completed = try row.value("completed_at")
        failed = try row.value("failed_at")
        expired = try row.value("expired_at")
        cancelling = try row.value("cancelling_at")
        cancelled = try row.value("cancelled_at")
    }
}
