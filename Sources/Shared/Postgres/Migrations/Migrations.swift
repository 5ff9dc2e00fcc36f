import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The steps from an empty database to what this build needs; forward only, each in a transaction, all under one lock.
///
/// A newer step that this build does not know is fine: during a rolling upgrade old processes run on. A step that was
/// changed after it was applied is an error.
package enum Migrations {
    struct Step: Sendable {
        let version: Int
        let name: String
        let sql: String

        var checksum: String { SHA256.hash(data: Data(sql.utf8)).map { String($0, radix: 16) }.joined() }
    }

    static let all = [Step.catalog, .usage]

    /// Any number that nobody else locks in this database.
    private static let lock = "7305812344187213"

    /// Applies what is missing; returns the names of what was applied.
    package static func run(on pool: PostgresPool) async throws(PostgresError) -> [String] {
        try await pool.withConnection { connection throws(PostgresError) in
            _ = try await connection.query("SELECT set_config('statement_timeout', '600000', false)", [])
            _ = try await connection.query("SELECT pg_advisory_lock(\(lock))", [])
            let result: Result<[String], PostgresError>
            do throws(PostgresError) { result = .success(try await apply(on: connection)) } catch { result = .failure(error) }
            // Ends the session, and with it the lock and its settings.
            await connection.disconnect()
            return try result.get()
        }
    }

    private static func apply(on connection: PostgresConnection) async throws(PostgresError) -> [String] {
        try await connection.script(
            """
            CREATE TABLE IF NOT EXISTS schema_migrations (
                version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now())
            """)
        var applied: [Int: String] = [:]
        for row in try await connection.query("SELECT version, checksum FROM schema_migrations", []).rows {
            applied[try row.required("version")] = try row.required("checksum")
        }
        var names: [String] = []
        for step in all {
            if let checksum = applied[step.version] {
                guard checksum == step.checksum else {
                    throw PostgresError(.configuration, "migration \(step.version) was changed after it was applied")
                }
                continue
            }
            try await connection.transaction { connection throws(PostgresError) in
                try connection.script(step.sql)
                _ = try connection.query(
                    "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)",
                    [.int(step.version), .text(step.name), .text(step.checksum)])
            }
            names.append(step.name)
        }
        return names
    }
}
