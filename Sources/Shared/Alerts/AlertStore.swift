/// Alerts in PostgreSQL: one open row per kind and subject at most, whichever process raises it.
package struct AlertStore: Sendable {
    private let pool: PostgresPool

    package init(_ pool: PostgresPool) { self.pool = pool }

    /// Chosen: a person reads it at a glance, and the ids in it are bounded.
    private static let longestMessage = 1000
    /// An account's and a model's id with a slash, and well below what an index holds.
    private static let longestSubject = 2 * Bounds.name + 1

    /// Raises an alert, or counts one that is open already.
    ///
    /// Returns whether it is new. Without a `severity` it has its kind's.
    @discardableResult
    package func raise(
        kind: AlertKind, subject: String, severity: AlertSeverity? = nil, message: String, details: JSON = [:]
    ) async throws(PostgresError) -> Bool {
        let row = try await pool.query(
            """
            INSERT INTO alerts AS a (kind, subject, severity, message, details) VALUES ($1, $2, $3, $4, $5::jsonb)
            ON CONFLICT (kind, subject) WHERE cleared_at IS NULL DO UPDATE SET
                count = least(a.count, 2147483646) + 1, last_at = now(),
                severity = excluded.severity, message = excluded.message, details = excluded.details
            RETURNING count
            """,
            [
                .text(kind.rawValue), .text(subject.clipped(toBytes: Self.longestSubject)),
                .text((severity ?? kind.severity).rawValue), .text(message.clipped(toBytes: Self.longestMessage)),
                .text(String(decoding: details.encoded, as: UTF8.self)),
            ]
        ).first
        let count: Int = try row?.required("count") ?? 0
        return count == 1
    }

    /// Clears the alert of a condition that is over, and returns whether one was open.
    ///
    /// With `quiet` it stays open where anybody has found its condition within that time: others may see what this
    /// process does not.
    @discardableResult
    package func clear(
        kind: AlertKind, subject: String, quiet: Duration = .zero
    ) async throws(PostgresError) -> Bool {
        try await pool.query(
            """
            UPDATE alerts SET cleared_at = now() WHERE kind = $1 AND subject = $2 AND cleared_at IS NULL
                AND last_at <= now() - $3::bigint * interval '1 millisecond'
            """,
            [.text(kind.rawValue), .text(subject.clipped(toBytes: Self.longestSubject)), .int(quiet.milliseconds)]
        ).affected > 0
    }

    /// Writes down a condition that has been there since `since`, once it can be stored.
    ///
    /// Its end is left to the next look.
    ///
    /// `isTold`: channels know of it. Nothing happens where another process has written down the same.
    package func makeUp(
        kind: AlertKind, subject: String, message: String, since: Int64, isTold: Bool
    ) async throws(PostgresError) {
        _ = try await pool.query(
            """
            INSERT INTO alerts (kind, subject, severity, message, raised_at, notified_at)
            SELECT $1, $2, $3, $4, $5::timestamptz, CASE WHEN $6::boolean THEN now() END
            WHERE NOT EXISTS (
                SELECT 1 FROM alerts WHERE kind = $1 AND subject = $2 AND cleared_at >= $5::timestamptz)
            ON CONFLICT (kind, subject) WHERE cleared_at IS NULL DO NOTHING
            """,
            [
                .text(kind.rawValue), .text(subject), .text(kind.severity.rawValue), .text(message), .time(since),
                .bool(isTold),
            ])
    }

    package func openSubjects(of kind: AlertKind) async throws(PostgresError) -> [String] {
        let rows = try await pool.query(
            "SELECT subject FROM alerts WHERE kind = $1 AND cleared_at IS NULL", [.text(kind.rawValue)])
        var subjects: [String] = []
        for row in rows.rows { subjects.append(try row.required("subject")) }
        return subjects
    }

    /// Those of a kind that this build does not know are left to the processes that raised them.
    package func open(_ kinds: [AlertKind]) async throws(PostgresError) -> [OpenAlert] {
        let rows = try await pool.query(
            """
            SELECT kind, subject, message, details, (extract(epoch FROM now() - raised_at) * 1000)::bigint AS age,
                (extract(epoch FROM now() - last_at) * 1000)::bigint AS quiet
            FROM alerts WHERE cleared_at IS NULL AND kind = ANY ($1::text[])
            """, [.array(kinds.map(\.rawValue))])
        var open: [OpenAlert] = []
        for row in rows.rows {
            guard let kind = AlertKind(rawValue: try row.required("kind")) else { continue }
            open.append(
                OpenAlert(
                    kind: kind, subject: try row.required("subject"), message: try row.required("message"),
                    details: try row.json("details"), age: .milliseconds(try row.required("age", Int64.self)),
                    quiet: .milliseconds(try row.required("quiet", Int64.self))))
        }
        return open
    }

    /// Newest first, behind the alert with the id `before` where one is given.
    package func list(
        onlyOpen: Bool, kind: String? = nil, before: Int64? = nil, limit: Int
    ) async throws(PostgresError) -> [Alert] {
        let rows = try await pool.query(
            """
            SELECT \(AlertColumns.all), \(AlertColumns.isSilenced) AS silenced FROM alerts a
            WHERE (NOT $1::boolean OR cleared_at IS NULL) AND ($3::text IS NULL OR kind = $3)
                AND ($4::bigint IS NULL OR (raised_at, id) < (SELECT raised_at, id FROM alerts WHERE id = $4::bigint))
            ORDER BY raised_at DESC, id DESC LIMIT $2::integer
            """, [.bool(onlyOpen), .int(limit), .text(kind), .int(before)])
        var alerts: [Alert] = []
        for row in rows.rows {
            var alert = try AlertColumns.alert(row)
            alert.isSilenced = try row.bool("silenced")
            alerts.append(alert)
        }
        return alerts
    }

    package func exists(_ id: Int64) async throws(PostgresError) -> Bool {
        try await pool.query("SELECT 1 FROM alerts WHERE id = $1::bigint", [.int(id)]).count > 0
    }

    /// Deletes alerts that have been over, and silences that have ended, for so long.
    package func prune(olderThan age: Duration) async throws(PostgresError) {
        for table in ["alerts WHERE cleared_at", "alert_silences WHERE ends_at"] {
            _ = try await pool.query(
                "DELETE FROM \(table) < now() - $1::bigint * interval '1 millisecond'", [.int(age.milliseconds)])
        }
    }
}

/// Columns of `alerts`, here `a`, as `Alert` has them.
enum AlertColumns {
    static let all = """
        a.id, a.kind, a.subject, a.severity, a.message, a.details, a.count,
        (extract(epoch FROM a.raised_at) * 1000)::bigint AS raised, (extract(epoch FROM a.last_at) * 1000)::bigint AS last,
        (extract(epoch FROM a.cleared_at) * 1000)::bigint AS cleared,
        (extract(epoch FROM a.notified_at) * 1000)::bigint AS notified
        """

    static let isSilenced = """
        EXISTS (SELECT 1 FROM alert_silences s
            WHERE s.ends_at > now() AND a.kind LIKE s.kind_like AND a.subject LIKE s.subject_like)
        """

    static func alert(_ row: PostgresRow) throws(PostgresError) -> Alert {
        var alert = Alert(
            id: try row.required("id"), kind: try row.required("kind"), subject: try row.required("subject"),
            severity: try row.required("severity"), message: try row.required("message"),
            details: try row.json("details"), count: try row.required("count"), raisedAt: try row.required("raised"),
            lastAt: try row.required("last"), clearedAt: try row.value("cleared"))
        alert.notifiedAt = try row.value("notified")
        return alert
    }
}
