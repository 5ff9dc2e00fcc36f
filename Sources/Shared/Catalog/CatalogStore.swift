/// Loads and writes models and accounts in PostgreSQL.
package struct CatalogStore: Sendable {
    let pool: PostgresPool

    package init(_ pool: PostgresPool) { self.pool = pool }

    package func load() async throws(PostgresError) -> CatalogSnapshot {
        let models = try await pool.query(CatalogStatements.select(.model))
        let accounts = try await pool.query(CatalogStatements.select(.account))
        var known = (models: [Model](), accounts: [Account]())
        for row in models.rows { if let model = try Model(row: row) { known.models.append(model) } }
        for row in accounts.rows { if let account = try Account(row: row) { known.accounts.append(account) } }
        return CatalogSnapshot(models: known.models, accounts: known.accounts)
    }

    /// Changes whenever a model or an account does, and costs less than loading them.
    ///
    /// Usage that is booked to accounts does not count. It covers all rows and not just the latest time: of two
    /// transactions the one that began first may commit last, with the earlier time.
    package func version() async throws(PostgresError) -> String { try await stamp().version }

    /// The version, and the server's time when it was asked.
    func stamp() async throws(PostgresError) -> VersionedCatalog.Stamp {
        let row = try await pool.query(
            """
            SELECT coalesce((SELECT md5(string_agg(id || ' ' || updated_at, ',' ORDER BY id)) FROM models), '') || ' ' ||
                   coalesce((SELECT md5(string_agg(id || ' ' || updated_at, ',' ORDER BY id)) FROM accounts), '') AS version,
                   (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS as_of
            """
        ).first
        return VersionedCatalog.Stamp(version: try row?.text("version") ?? "", asOf: try row?.required("as_of") ?? 0)
    }

    /// True where a file may be loaded unasked (`CatalogApply.Mode.ifEmpty`).
    package func isEmpty() async throws(PostgresError) -> Bool {
        try await pool.perform { connection throws(PostgresError) in try CatalogApply.isEmpty(connection) }
    }

    /// Writes the rows that a file declares, and leaves the others.
    ///
    /// Usage, status and health of known accounts stay unless the file gives them. With an `actor` the audit log has a
    /// row for each, in the same transaction. Returns how many models and accounts were written.
    @discardableResult
    package func apply(
        _ file: CatalogFile, box: SecretBox?, actor: String? = nil, reason: String? = nil
    ) async throws -> (models: Int, accounts: Int) {
        let accounts = try Self.sealed(file.accounts, box)
        let models = file.models
        try await pool.transaction { connection throws(PostgresError) in
            for model in models {
                _ = try connection.query(CatalogStatements.upsertModel, CatalogStatements.parameters(model))
            }
            for (declared, key) in accounts {
                _ = try connection.query(
                    CatalogStatements.upsertAccount, CatalogStatements.parameters(declared, key))
            }
            guard let actor else { return }
            for model in models {
                _ = try connection.query(Self.audit("models"), [.text(actor), .text(model.id), .text(reason)])
            }
            for (declared, _) in accounts {
                _ = try connection.query(
                    Self.audit("accounts"), [.text(actor), .text(declared.account.id), .text(reason)])
            }
        }
        return (models.count, accounts.count)
    }

    /// Seals all keys.
    ///
    /// Every account whose key cannot be read or sealed is a mistake.
    private static func sealed(
        _ accounts: [DeclaredAccount], _ box: SecretBox?
    ) throws(CatalogFile.Mistakes) -> [(DeclaredAccount, String?)] {
        var (sealed, mistakes) = ([(DeclaredAccount, String?)](), [String]())
        for declared in accounts {
            do { sealed.append((declared, try declared.sealedKey(box))) } catch {
                mistakes += error.list.map { "account \(declared.account.id), \($0)" }
            }
        }
        if mistakes.isEmpty { return sealed }
        throw CatalogFile.Mistakes(list: mistakes)
    }

    /// Records the row as it was written, without its key.
    private static func audit(_ table: String) -> String {
        """
        INSERT INTO audit_log (actor, action, kind, subject, reason, after)
        SELECT $1, 'import', '\(table.dropLast())', id, $3, (to_jsonb(t) - 'api_key_encrypted') #- '{settings,headers}' FROM \(table) t WHERE id = $2
        """
    }
}
