import Shared

/// Deletes files and batches that are past their time, a slice at a time, so that no statement takes long.
struct BatchCleaning: Sendable {
    let pool: PostgresPool

    /// Chosen: some milliseconds each.
    private static let rows = 5_000
    private static let chunks = 50

    /// Returns the number of rows that went: 0 where nothing is left to do.
    func slice() async throws(PostgresError) -> Int {
        var gone = 0
        for statement in Self.statements { gone += try await pool.query(statement).affected }
        return gone
    }

    private static let ended = """
        SELECT id FROM batches WHERE results_expire_at <= now()
            AND status IN ('failed', 'completed', 'expired', 'cancelled')
        """
    private static let unused = """
        SELECT id FROM batch_files WHERE expires_at <= now() AND \(BatchStore.isUnused)
        """

    /// First what hangs on a row, which would otherwise go with it in one statement.
    private static let statements = [
        """
        DELETE FROM batch_results WHERE (batch, line) IN (
            SELECT batch, line FROM batch_results WHERE batch = (\(ended) ORDER BY results_expire_at LIMIT 1)
            LIMIT \(rows))
        """,
        """
        DELETE FROM batches WHERE id IN (\(ended)
            AND NOT EXISTS (SELECT 1 FROM batch_results r WHERE r.batch = batches.id) LIMIT 10 FOR UPDATE SKIP LOCKED)
        """,
        """
        DELETE FROM batch_chunks WHERE (file, seq) IN (
            SELECT file, seq FROM batch_chunks WHERE file = (\(unused) ORDER BY expires_at LIMIT 1) LIMIT \(chunks))
        """,
        """
        DELETE FROM batch_files WHERE id IN (\(unused)
            AND NOT EXISTS (SELECT 1 FROM batch_chunks c WHERE c.file = batch_files.id) LIMIT 10 FOR UPDATE SKIP LOCKED)
        """,
    ]
}
