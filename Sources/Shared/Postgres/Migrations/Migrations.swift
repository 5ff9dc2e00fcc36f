/// The steps from an empty database to what this build needs.
///
/// They go forward only, each in a transaction, all under one lock.
///
/// A newer step that this build does not know is fine: during a rolling upgrade old processes run on. A step that was
/// changed after it was applied is an error.
package enum Migrations {
    struct Step: Sendable {
        let version: Int
        let name: String
        let sql: String

        /// SHA-256 in lower-case hexadecimal.
        var checksum: String { Array(sql.utf8).sha256Hex }
    }

    static let all = [
        Step.catalog, .usage, .accountModels, .pool, .cacheWrites, .modelIdle, .batches, .usageByStart, .usageSums,
        .alerts, .budgets,
    ]

    /// Any number that nobody else locks in this database.
    private static let lock = "7305812344187213"

    /// Longer than any step takes on tables of a hundred million rows, and than another process' steps.
    private static let patience = Duration.seconds(3600)

    /// Applies the steps that are missing.
    ///
    /// Returns their names.
    package static func run(on pool: PostgresPool) async throws(PostgresError) -> [String] {
        try await run(all, on: pool)
    }

    static func run(_ steps: [Step], on pool: PostgresPool) async throws(PostgresError) -> [String] {
        try await pool.perform { connection throws(PostgresError) in
            // Ends the session, and with it the lock and its settings.
            defer { connection.disconnect() }
            try connection.allow(patience)
            try connection.query("SELECT pg_advisory_lock(\(lock))")
            return try apply(steps, on: connection)
        }
    }

    private static func apply(
        _ steps: [Step], on connection: isolated PostgresConnection
    ) throws(PostgresError) -> [String] {
        try connection.script(history)
        var applied: [Int: String] = [:]
        for row in try connection.query("SELECT version, checksum FROM schema_migrations").rows {
            applied[try row.required("version")] = try row.required("checksum")
        }
        var names: [String] = []
        for step in steps {
            if let checksum = applied[step.version] {
                guard checksum == step.checksum else {
                    throw PostgresError(.configuration, "migration \(step.version) was changed after it was applied")
                }
                continue
            }
            try connection.transaction { connection throws(PostgresError) in
                try connection.script(step.sql)
                try connection.query(
                    "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1::integer, $2, $3)",
                    [.int(step.version), .text(step.name), .text(step.checksum)])
            }
            names.append(step.name)
        }
        return names
    }

    private static let history = """
        CREATE TABLE IF NOT EXISTS schema_migrations (
            version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now())
        """
}
