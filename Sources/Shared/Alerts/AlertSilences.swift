/// Silences in PostgreSQL.
package struct AlertSilences: Sendable {
    private let pool: PostgresPool

    package init(_ pool: PostgresPool) { self.pool = pool }

    private static let columns = """
        id, kind, subject, reason, actor, (extract(epoch FROM created_at) * 1000)::bigint AS created,
        (extract(epoch FROM ends_at) * 1000)::bigint AS until
        """

    /// Those that have not ended, the next to end first.
    package func list(limit: Int) async throws(PostgresError) -> [AlertSilence] {
        let rows = try await pool.query(
            """
            SELECT \(Self.columns) FROM alert_silences WHERE ends_at > now() ORDER BY ends_at, id LIMIT $1::integer
            """, [.int(limit)])
        var silences: [AlertSilence] = []
        for row in rows.rows { silences.append(try Self.silence(row)) }
        return silences
    }

    package func add(_ draft: AlertSilence.Draft, actor: String) async throws(PostgresError) -> AlertSilence {
        let row = try await pool.query(
            """
            INSERT INTO alert_silences (kind, subject, reason, actor, ends_at)
            VALUES ($1, $2, $3, $4, $5::timestamptz) RETURNING \(Self.columns)
            """,
            [.text(draft.kind), .text(draft.subject), .text(draft.reason), .text(actor), .time(draft.until)]
        ).first
        guard let row else { throw PostgresError(.decoding, "INSERT returned no row") }
        return try Self.silence(row)
    }

    /// Returns whether it was there, and had not ended.
    package func end(_ id: Int64) async throws(PostgresError) -> Bool {
        try await pool.query("DELETE FROM alert_silences WHERE id = $1::bigint AND ends_at > now()", [.int(id)])
            .affected > 0
    }

    private static func silence(_ row: PostgresRow) throws(PostgresError) -> AlertSilence {
        AlertSilence(
            id: try row.required("id"), kind: try row.required("kind"), subject: try row.required("subject"),
            reason: try row.text("reason"), actor: try row.required("actor"),
            createdAt: try row.required("created"), until: try row.required("until"))
    }
}
