/// A model or an account as it stands in PostgreSQL, and the statements that change one.
struct CatalogRow: Sendable {
    private enum Content: Sendable {
        case model(Model)
        case account(Account)
    }

    private let content: Content
    /// Milliseconds since 1970.
    private let created: Int64
    private let updated: Int64

    /// `nil` for a platform that only a newer build knows.
    private init?(_ kind: CatalogKind, _ row: PostgresRow) throws(PostgresError) {
        switch kind {
        case .model:
            guard let model = try Model(row: row) else { return nil }
            content = .model(model)
        case .account:
            guard let account = try Account(row: row) else { return nil }
            content = .account(account)
        }
        created = try row.required("created")
        updated = try row.required("updated")
    }

    var kind: CatalogKind { model == nil ? .account : .model }

    var id: String { model?.id ?? account?.id ?? "" }

    var model: Model? {
        guard case .model(let model) = content else { return nil }
        return model
    }

    var account: Account? {
        guard case .account(let account) = content else { return nil }
        return account
    }

    /// The row as callers see it.
    var view: JSON {
        guard var view = state.objectValue else { return state }
        view.set("created_at", .number(JSONNumber(created)))
        view.set("updated_at", .number(JSONNumber(updated)))
        return .object(view)
    }

    /// The fields that people set, with the values of headers.
    var fields: JSONObject {
        switch content {
        case .model(let model): model.view.objectValue ?? [:]
        case .account(let account): account.given
        }
    }

    /// For the audit log, which tells of a key only that it was changed.
    func audited(key isChanged: Bool = false) -> JSON {
        guard var view = state.objectValue else { return state }
        view.remove("api_key")
        if isChanged { view.set("api_key", "changed") }
        return .object(view)
    }

    private var state: JSON {
        switch content {
        case .model(let model): model.view
        case .account(let account): account.view
        }
    }

    // MARK: - Statements

    static func all(_ kind: CatalogKind, _ connection: isolated PostgresConnection) throws(PostgresError)
        -> [CatalogRow]
    {
        var found: [CatalogRow] = []
        for row in try connection.query(CatalogStatements.select(kind) + " ORDER BY id").rows {
            if let row = try CatalogRow(kind, row) { found.append(row) }
        }
        return found
    }

    static func find(
        _ kind: CatalogKind, _ id: String, _ connection: isolated PostgresConnection, isLocked: Bool
    ) throws(PostgresError) -> CatalogRow? {
        let lock = isLocked ? " FOR UPDATE" : ""
        guard
            let row = try connection.query(CatalogStatements.select(kind) + " WHERE id = $1" + lock, [.text(id)]).first
        else {
            return nil
        }
        return try CatalogRow(kind, row)
    }

    /// The platforms of all models, by id.
    static func providers(_ connection: isolated PostgresConnection) throws(PostgresError) -> [String: String] {
        var providers: [String: String] = [:]
        for row in try connection.query("SELECT id, provider FROM models").rows {
            providers[try row.required("id")] = try row.required("provider", String.self)
        }
        return providers
    }

    static func delete(
        _ kind: CatalogKind, _ id: String, _ connection: isolated PostgresConnection
    ) throws(PostgresError) {
        try connection.query("DELETE FROM \(kind.table) WHERE id = $1", [.text(id)])
        guard kind == .account else { return }
        try connection.query(
            "UPDATE alerts SET cleared_at = now() WHERE subject = $1 AND cleared_at IS NULL", [.text(id)])
    }

    /// Writes even where nothing changes, since the time tells workers that a person wants the account tried again.
    static func setActive(
        _ kind: CatalogKind, _ id: String, _ isActive: Bool, reason: String?, _ connection: isolated PostgresConnection
    ) throws(PostgresError) {
        guard kind == .account else {
            try connection.query(
                "UPDATE models SET is_active = $2::boolean, updated_at = now() WHERE id = $1",
                [.text(id), .bool(isActive)])
            return
        }
        try connection.query(
            """
            UPDATE accounts SET status = $2, status_reason = CASE WHEN $2 = 'disabled' THEN $3 END, updated_at = now()
            WHERE id = $1
            """, [.text(id), .text(isActive ? "active" : "disabled"), .text(reason)])
        if isActive { try clearDisabled(id, connection) }
    }

    static func clearDisabled(_ id: String, _ connection: isolated PostgresConnection) throws(PostgresError) {
        try connection.query(
            "UPDATE alerts SET cleared_at = now() WHERE kind = $1 AND subject = $2 AND cleared_at IS NULL",
            [.text(AlertKind.accountDisabled.rawValue), .text(id)])
    }
}

extension DeclaredRow {
    /// Fails with `unique_violation` (23505) where the id is taken.
    func insert(_ key: String?, _ connection: isolated PostgresConnection) throws(PostgresError) {
        switch self {
        case .model(let model):
            try connection.query(CatalogStatements.insertModel, CatalogStatements.parameters(model))
        case .account(let declared):
            try connection.query(CatalogStatements.insertAccount, CatalogStatements.parameters(declared, key))
        }
    }

    func update(_ key: String?, reason: String?, _ connection: isolated PostgresConnection) throws(PostgresError) {
        switch self {
        case .model(let model):
            try connection.query(CatalogStatements.upsertModel, CatalogStatements.parameters(model))
        case .account(let declared):
            try connection.query(CatalogStatements.upsertAccount, CatalogStatements.parameters(declared, key))
            guard declared.givesStatus else { return }
            try CatalogRow.setActive(
                .account, declared.account.id, declared.account.status == .active, reason: reason, connection)
        }
    }
}

extension CatalogAdmin.Author {
    func log(
        _ action: String, _ kind: CatalogKind, _ id: String, _ before: JSON?, _ after: JSON?,
        _ connection: isolated PostgresConnection
    ) throws(PostgresError) {
        try log(action, kind: AuditKind(kind), id, before, after, connection)
    }

    func log(
        _ action: String, kind: AuditKind, _ id: String, _ before: JSON?, _ after: JSON?,
        _ connection: isolated PostgresConnection
    ) throws(PostgresError) {
        func text(_ json: JSON?) -> PostgresParameter {
            .text(json.map { String(decoding: $0.encoded, as: UTF8.self) })
        }
        try connection.query(
            """
            INSERT INTO audit_log (actor, action, kind, subject, reason, before, after)
            VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb)
            """,
            [.text(actor), .text(action), .text(kind.rawValue), .text(id), .text(reason), text(before), text(after)])
    }

    /// Reads the row as it is now, writes the audit row, and returns the view of it.
    func finish(
        _ action: String, _ before: CatalogRow, _ kind: CatalogKind, hasNewKey: Bool = false,
        _ connection: isolated PostgresConnection
    ) throws(PostgresError) -> Result<JSON, CatalogAdminError> {
        let id = before.fields["id"]?.stringValue ?? ""
        guard let after = try CatalogRow.find(kind, id, connection, isLocked: false) else {
            return .failure(.notFound(kind, id))
        }
        try log(action, kind, id, before.audited(), after.audited(key: hasNewKey), connection)
        return .success(after.view)
    }
}
