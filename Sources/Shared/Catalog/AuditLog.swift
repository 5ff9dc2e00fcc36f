/// The kinds of what people change.
///
/// Raw values are wire names.
package enum AuditKind: String, Sendable, CaseIterable {
    case model, account, budget

    init(_ kind: CatalogKind) {
        switch kind {
        case .model: self = .model
        case .account: self = .account
        }
    }
}

/// Reads `audit_log`, the record of all changes by people.
package struct AuditLog: Sendable {
    private let pool: PostgresPool

    package init(_ pool: PostgresPool) { self.pool = pool }

    /// Newest first.
    ///
    /// Each is `{id, at, actor, action, kind, subject, reason, before, after}`, with `at` in milliseconds since 1970.
    package func list(kind: AuditKind?, subject: String?, limit: Int) async throws(PostgresError) -> [JSON] {
        let rows = try await pool.query(
            """
            SELECT id, (extract(epoch FROM at) * 1000)::bigint AS at_ms, actor, action, kind, subject, reason, before, after
            FROM audit_log WHERE ($1::text IS NULL OR kind = $1) AND ($2::text IS NULL OR subject = $2)
            ORDER BY at DESC, id DESC LIMIT $3::integer
            """, [.text(kind?.rawValue), .text(subject), .int(limit)])
        var list: [JSON] = []
        for row in rows.rows { list.append(try Self.record(row)) }
        return list
    }

    private static func record(_ row: PostgresRow) throws(PostgresError) -> JSON {
        var record = JSONObject()
        record.set("id", .number(JSONNumber(try row.required("id", Int64.self))))
        record.set("at", .number(JSONNumber(try row.required("at_ms", Int64.self))))
        for name in ["actor", "action", "kind", "subject", "reason"] {
            record.set(name, try row.text(name).map { .string($0) } ?? .null)
        }
        for name in ["before", "after"] {
            record.set(name, try row.text(name) == nil ? .null : row.json(name))
        }
        return .object(record)
    }
}
