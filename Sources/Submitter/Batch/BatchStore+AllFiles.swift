import Shared

/// The files that a listing is about.
struct FileFilter: Sendable {
    let tenant: String
    /// `batch` or `batch_output`.
    var purpose: String?
    var isOldestFirst = false
}

/// Uploaded files and result files together, as a caller sees them.
extension BatchStore {
    /// Those after the file `after`.
    ///
    /// `batch_files_by_tenant` and `batches_by_tenant` serve it: all rows of the tenant are read, and then sorted.
    func allFiles(
        _ filter: FileFilter, after: String?, limit: Int
    ) async throws(PostgresError) -> [BatchFile] {
        let (beyond, order) = filter.isOldestFirst ? (">", "ASC") : ("<", "DESC")
        let rows = try await pool.query(
            """
            WITH found AS (\(Self.uploads) UNION ALL \(Self.results("output", "succeeded"))
                UNION ALL \(Self.results("error", "failed")))
            SELECT * FROM found WHERE ($2::text IS NULL OR purpose = $2) AND ($3::text IS NULL
                OR (made, id) \(beyond) (SELECT f.made, f.id FROM found f WHERE f.id = $3))
            ORDER BY made \(order), id \(order) LIMIT $4::integer
            """, [.text(filter.tenant), .text(filter.purpose), .text(after), .int(limit)])
        var files: [BatchFile] = []
        for row in rows.rows { files.append(try BatchFile(row)) }
        return files
    }

    private static let uploads = """
        SELECT \(BatchFile.columns), batch_files.created_at AS made
        FROM batch_files WHERE tenant = $1 AND is_ready AND batch_files.expires_at > now()
        """

    /// As `Batch.resultFile` names them.
    private static func results(_ name: String, _ count: String) -> String {
        let ended = Batch.Status.allCases.filter(\.isEnded).map { "'\($0.rawValue)'" }.joined(separator: ", ")
        let end = "coalesce(completed_at, expired_at, cancelled_at, failed_at, batches.created_at)"
        return """
            SELECT 'file-' || id || '-\(name)', tenant, 'batch_output', id || '_\(name).jsonl', \(name)_bytes, \(count), \
            true, \(milliseconds(end)), \(milliseconds("results_expire_at")), \(end)
            FROM batches WHERE tenant = $1 AND status IN (\(ended)) AND \(count) > 0 AND results_expire_at > now()
            """
    }
}
