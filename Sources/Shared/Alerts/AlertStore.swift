/// Alerts in PostgreSQL: one open row per kind and subject at most.
package struct AlertStore: Sendable {
    private let pool: PostgresPool

    package init(_ pool: PostgresPool) { self.pool = pool }

    /// Raises an alert, or counts one that is open already.
    ///
    /// Returns whether it is new.
    @discardableResult
    package func raise(
        kind: AlertKind, subject: String, severity: AlertSeverity, message: String, details: JSON = [:]
    ) async throws(PostgresError) -> Bool {
        let row = try await pool.query(
            """
            INSERT INTO alerts AS a (kind, subject, severity, message, details) VALUES ($1, $2, $3, $4, $5::jsonb)
            ON CONFLICT (kind, subject) WHERE cleared_at IS NULL DO UPDATE SET count = a.count + 1, last_at = now(),
                severity = excluded.severity, message = excluded.message, details = excluded.details
            RETURNING count
            """,
            [
                .text(kind.rawValue), .text(subject), .text(severity.rawValue), .text(message),
                .text(String(decoding: details.encoded, as: UTF8.self)),
            ]
        ).first
        let count: Int = try row?.required("count") ?? 0
        return count == 1
    }

    /// Clears the alert of a condition that is over.
    ///
    /// Nothing happens where none is open.
    package func clear(kind: AlertKind, subject: String) async throws(PostgresError) {
        _ = try await pool.query(
            "UPDATE alerts SET cleared_at = now() WHERE kind = $1 AND subject = $2 AND cleared_at IS NULL",
            [.text(kind.rawValue), .text(subject)])
    }

    package func openSubjects(of kind: AlertKind) async throws(PostgresError) -> [String] {
        let rows = try await pool.query(
            "SELECT subject FROM alerts WHERE kind = $1 AND cleared_at IS NULL", [.text(kind.rawValue)])
        var subjects: [String] = []
        for row in rows.rows { subjects.append(try row.required("subject")) }
        return subjects
    }

    /// Newest first.
    package func list(onlyOpen: Bool, limit: Int) async throws(PostgresError) -> [Alert] {
        let rows = try await pool.query(
            """
            SELECT *, (extract(epoch FROM raised_at) * 1000)::bigint AS raised, (extract(epoch FROM last_at) * 1000)::bigint AS last,
                (extract(epoch FROM cleared_at) * 1000)::bigint AS cleared
            FROM alerts WHERE NOT $1::boolean OR cleared_at IS NULL ORDER BY raised_at DESC, id DESC LIMIT $2::integer
            """, [.bool(onlyOpen), .int(limit)])
        var alerts: [Alert] = []
        for row in rows.rows {
            alerts.append(
                Alert(
                    id: try row.required("id"), kind: try row.required("kind"), subject: try row.required("subject"),
                    severity: try row.required("severity"), message: try row.required("message"),
                    details: try row.json("details"), count: try row.required("count"),
                    raisedAt: try row.required("raised"), lastAt: try row.required("last"),
                    clearedAt: try row.value("cleared")))
        }
        return alerts
    }
}
