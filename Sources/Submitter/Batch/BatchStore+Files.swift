import Shared

/// Uploaded files, in chunks of whole lines.
extension BatchStore {
    /// Begins an upload.
    ///
    /// An earlier one of the same id that was cut off is begun anew.
    func begin(_ file: BatchFile) async throws(PostgresError) {
        let all: [PostgresParameter] = [
            .text(file.id), .text(file.tenant), .text(file.purpose), .text(file.filename), .time(file.expires),
        ]
        try await pool.transaction { connection throws(PostgresError) in
            try connection.query("DELETE FROM batch_files WHERE id = $1 AND NOT is_ready", [.text(file.id)])
            try connection.query(
                """
                INSERT INTO batch_files (id, tenant, purpose, filename, expires_at)
                VALUES ($1, $2, $3, $4, $5::timestamptz)
                """, all)
        }
    }

    /// Adds the next chunk.
    ///
    /// A repeated one is refused as a constraint.
    func append(_ chunk: BatchChunk, to file: String) async throws(PostgresError) {
        _ = try await pool.query(
            "INSERT INTO batch_chunks (file, seq, first_line, lines, data) VALUES ($1, $2::integer, $3::bigint, $4::integer, $5)",
            [.text(file), .int(chunk.seq), .int(chunk.firstLine), .int(chunk.lines), .text(chunk.data)])
    }

    /// Ends an upload: from now on the file is there.
    ///
    /// `life`: the seconds from its creation to its expiry, where that is another than it began with. Returns `nil`
    /// where it is gone.
    func finish(_ file: String, bytes: Int, lines: Int, life: Int? = nil) async throws(PostgresError) -> BatchFile? {
        try await one(
            """
            UPDATE batch_files SET is_ready = true, bytes = $2::bigint, lines = $3::bigint,
                expires_at = coalesce(batch_files.created_at + $4::bigint * interval '1 second', batch_files.expires_at)
            WHERE id = $1 RETURNING \(BatchFile.columns)
            """, [.text(file), .int(bytes), .int(lines), .int(life)])
    }

    /// `nil` for a file that is not there, not whole yet, past its time, or another tenant's.
    func file(_ id: String, tenant: String? = nil) async throws(PostgresError) -> BatchFile? {
        try await one(
            """
            SELECT \(BatchFile.columns) FROM batch_files
            WHERE id = $1 AND is_ready AND batch_files.expires_at > now() AND ($2::text IS NULL OR tenant = $2)
            """, [.text(id), .text(tenant)])
    }

    /// Deletes a file unless it is the input of a batch that has not ended, and returns whether it did.
    func delete(file id: String, tenant: String) async throws(PostgresError) -> Bool {
        try await pool.query(
            "DELETE FROM batch_files WHERE id = $1 AND tenant = $2 AND \(Self.isUnused)", [.text(id), .text(tenant)]
        ).affected > 0
    }

    /// The condition that no batch is going to read a file.
    static let isUnused = """
        NOT EXISTS (SELECT 1 FROM batches b WHERE b.input_file = batch_files.id
            AND b.status IN ('validating', 'in_progress', 'finalizing', 'cancelling'))
        """

    /// The chunk at a place, or `nil` behind the last.
    func chunk(_ seq: Int, of file: String) async throws(PostgresError) -> BatchChunk? {
        let row = try await pool.query(
            "SELECT first_line, lines, data FROM batch_chunks WHERE file = $1 AND seq = $2::integer",
            [.text(file), .int(seq)]
        ).first
        guard let row else { return nil }
        return BatchChunk(
            seq: seq, firstLine: try row.required("first_line"), lines: try row.required("lines"),
            data: try row.required("data"))
    }

    private func one(_ sql: String, _ parameters: [PostgresParameter]) async throws(PostgresError) -> BatchFile? {
        guard let row = try await pool.query(sql, parameters).first else { return nil }
        return try BatchFile(row)
    }
}
