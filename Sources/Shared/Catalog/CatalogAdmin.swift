/// Changes models and accounts for people: validated, audited, told to all processes.
///
/// In: JSON by the names of the catalogue file. Out: the row as JSON, without its key. Each change is one transaction
/// with its row of `audit_log`, and `changed` is called after its commit. Usage, health and status of an account stay
/// unless the edit gives them.
package struct CatalogAdmin: Sendable {
    /// The person or program that changes something, with the reason for it.
    package struct Author: Sendable {
        package let actor: String
        let reason: String?

        package init(_ actor: String, reason: String? = nil) {
            self.actor = actor
            // A reason of blanks is none.
            self.reason = reason.map { String($0.trimmingSpaces) }.flatMap { $0.isEmpty ? nil : $0 }
        }
    }

    private let pool: PostgresPool
    private let box: SecretBox?
    private let changed: @Sendable () async -> Void
    /// Environment variables and files may hold keys, which is for people at this machine only.
    private let allowsReferences: Bool

    package init(
        pool: PostgresPool, box: SecretBox?, allowsReferences: Bool = false,
        changed: @escaping @Sendable () async -> Void
    ) {
        self.pool = pool
        self.box = box
        self.allowsReferences = allowsReferences
        self.changed = changed
    }

    /// By id.
    package func list(_ kind: CatalogKind) async throws(CatalogAdminError) -> [JSON] {
        try await read { connection throws(PostgresError) in try CatalogRow.all(kind, connection).map(\.view) }
    }

    package func get(_ kind: CatalogKind, _ id: String) async throws(CatalogAdminError) -> JSON {
        let row = try await read { connection throws(PostgresError) in
            try CatalogRow.find(kind, id, connection, isLocked: false)
        }
        guard let row else { throw .notFound(kind, id) }
        return row.view
    }

    @discardableResult
    package func create(_ kind: CatalogKind, _ json: JSON, by author: Author) async throws(CatalogAdminError) -> JSON {
        let edit = CatalogEdit(kind: kind, style: .patch, given: json)
        do throws(CatalogAdminError) {
            return try await change { connection throws(PostgresError) in
                let proposal: CatalogProposal
                switch try judge(edit, nil, connection) {
                case .success(let judged): proposal = judged
                case .failure(let error): return .failure(error)
                }
                let (declared, key) = (proposal.declared, proposal.key)
                try declared.insert(key, connection)
                let made = try CatalogRow.find(kind, declared.id, connection, isLocked: true)
                try author.log("create", kind, declared.id, nil, made?.audited(key: key != nil), connection)
                return made.map { .success($0.view) } ?? .failure(.notFound(kind, declared.id))
            }
        } catch .database(let error) where error.sqlState == CatalogAdminError.duplicate {
            throw .conflict(kind, json["id"]?.stringValue ?? "")
        }
    }

    /// Fields that are not given get their defaults.
    ///
    /// The key stays if none is given.
    @discardableResult
    package func replace(
        _ kind: CatalogKind, _ id: String, _ json: JSON, by author: Author
    ) async throws(CatalogAdminError) -> JSON {
        try await edit(id, CatalogEdit(kind: kind, style: .replace, given: json), author)
    }

    /// Changes only the fields that are given (a JSON merge patch, RFC 7396).
    ///
    /// A null takes a field back to its default.
    @discardableResult
    package func patch(
        _ kind: CatalogKind, _ id: String, _ json: JSON, by author: Author
    ) async throws(CatalogAdminError) -> JSON {
        try await edit(id, CatalogEdit(kind: kind, style: .patch, given: json), author)
    }

    package func delete(_ kind: CatalogKind, _ id: String, by author: Author) async throws(CatalogAdminError) {
        _ = try await change(kind, id) { row, connection throws(PostgresError) in
            try CatalogRow.delete(kind, id, connection)
            try author.log("delete", kind, id, row.audited(), nil, connection)
            return .success(.null)
        }
    }

    /// Enabling an account also clears the alert that it was disabled.
    ///
    /// Disabling needs a reason.
    @discardableResult
    package func setActive(
        _ kind: CatalogKind, _ id: String, _ isActive: Bool, by author: Author
    ) async throws(CatalogAdminError) -> JSON {
        guard isActive || author.reason != nil else { throw .invalid(["reason: expected a text"]) }
        return try await change(kind, id) { row, connection throws(PostgresError) in
            try CatalogRow.setActive(kind, id, isActive, reason: author.reason, connection)
            return try author.finish(isActive ? "enable" : "disable", row, kind, connection)
        }
    }

    /// Nothing but the key changes.
    @discardableResult
    package func rotateKey(
        account id: String, to pasted: Secret, by author: Author
    ) async throws(CatalogAdminError) -> JSON {
        guard let key = Secret(pasted: pasted.reveal()), key.reveal() != Account.mask else {
            throw .invalid(["api_key: expected a text without control characters"])
        }
        guard let box else { throw .noMasterKey }
        let sealed: String
        do { sealed = try box.seal(key, for: id) } catch { throw CatalogAdminError(reading: error) }
        return try await change(.account, id) { row, connection throws(PostgresError) in
            try connection.query(
                "UPDATE accounts SET api_key_encrypted = $2, updated_at = now() WHERE id = $1",
                [.text(id), .text(sealed)])
            return try author.finish("rotate_key", row, .account, hasNewKey: true, connection)
        }
    }

    // MARK: - Steps

    private func edit(
        _ id: String, _ edit: CatalogEdit, _ author: Author
    ) async throws(CatalogAdminError) -> JSON {
        try await change(edit.kind, id) { row, connection throws(PostgresError) in
            switch try judge(edit, row, connection) {
            case .failure(let error): return .failure(error)
            case .success(var proposal):
                if author.reason == nil { proposal.keepReason(of: row) }
                if author.reason == nil, proposal.disables(row) {
                    return .failure(
                        .invalid([
                            "\(Self.switching(edit.kind)): expected a reason with it (--reason, or reason in the body): it is taken out of use"
                        ]))
                }
                try proposal.declared.update(proposal.key, reason: author.reason, connection)
                return try author.finish("update", row, edit.kind, hasNewKey: proposal.key != nil, connection)
            }
        }
    }

    /// The field that takes a row out of use.
    private static func switching(_ kind: CatalogKind) -> String { kind == .model ? "is_active" : "status" }

    private func judge(
        _ edit: CatalogEdit, _ row: CatalogRow?, _ connection: isolated PostgresConnection
    ) throws(PostgresError) -> Result<CatalogProposal, CatalogAdminError> {
        let surroundings = CatalogProposal.Surroundings(
            references: CatalogReferences(models: try CatalogRow.providers(connection)), box: box,
            allowsReferences: allowsReferences)
        let proposal: CatalogProposal
        do throws(CatalogFile.Mistakes) {
            proposal = try CatalogProposal(edit, over: row, surroundings)
        } catch { return .failure(.invalid(error.list)) }
        if !proposal.mistakes.isEmpty { return .failure(.invalid(proposal.mistakes)) }
        return proposal.needsMasterKey ? .failure(.noMasterKey) : .success(proposal)
    }

    private func read<Value: Sendable>(
        _ body: @escaping @Sendable (isolated PostgresConnection) throws(PostgresError) -> Value
    ) async throws(CatalogAdminError) -> Value {
        do throws(PostgresError) { return try await pool.perform(body) } catch { throw CatalogAdminError(error) }
    }

    /// Runs one transaction over a row that is locked against other changes.
    private func change(
        _ kind: CatalogKind, _ id: String,
        _ body:
            @escaping @Sendable (CatalogRow, isolated PostgresConnection) throws(PostgresError)
            -> Result<JSON, CatalogAdminError>
    ) async throws(CatalogAdminError) -> JSON {
        try await change { connection throws(PostgresError) in
            guard let row = try CatalogRow.find(kind, id, connection, isLocked: true) else {
                return .failure(.notFound(kind, id))
            }
            return try body(row, connection)
        }
    }

    private func change(
        _ body:
            @escaping @Sendable (isolated PostgresConnection) throws(PostgresError)
            -> Result<JSON, CatalogAdminError>
    ) async throws(CatalogAdminError) -> JSON {
        let result: Result<JSON, CatalogAdminError>
        do throws(PostgresError) { result = try await pool.transaction(body) } catch { throw CatalogAdminError(error) }
        let value = try result.get()
        await changed()
        return value
    }
}
