/// Messages about alerts that are to be delivered: rows in PostgreSQL, which survive any process.
///
/// 1. `prepare` makes a row for each channel where an alert was raised or is over and nobody was told. Both happen in
///    one statement, so that no message is made twice or never.
/// 2. `claim` takes a channel for a time, so that one process at once sends to it, in order and at its pace.
/// 3. `delivered`, `failed` or `refused` ends that time.
///
/// A process that dies in between leaves its channel to the next one when that time is over. What it had sent comes
/// twice then, with the same id.
package struct AlertOutbox: Sendable {
    private let pool: PostgresPool

    package init(_ pool: PostgresPool) { self.pool = pool }

    /// A channel that is ours for a time, with the messages that wait for it.
    package struct Claim: Sendable, Equatable {
        package let channel: String
        package let deliveries: [Delivery]
        /// Failures in a row.
        package let failures: Int
    }

    package struct Delivery: Sendable, Equatable {
        package let id: Int64
        package let notice: AlertNotice
    }

    /// An alert that is over before anybody was told of it makes no message, and one whose silence ends makes one.
    ///
    /// Its end is told to those who were told of it, in spite of a silence that came since, so that no receiver keeps
    /// it open.
    package func prepare(_ channels: [String]) async throws(PostgresError) {
        _ = try await pool.query(
            """
            WITH fired AS (
                UPDATE alerts a SET notified_at = now()
                WHERE cleared_at IS NULL AND notified_at IS NULL AND NOT \(AlertColumns.isSilenced)
                RETURNING a.id, 'firing' AS state),
            recovered AS (
                UPDATE alerts SET recovery_notified_at = now()
                WHERE cleared_at IS NOT NULL AND notified_at IS NOT NULL AND recovery_notified_at IS NULL
                RETURNING id, 'resolved' AS state),
            made AS (
                INSERT INTO alert_deliveries (alert_id, state, channel)
                SELECT id, state, channel
                FROM (SELECT * FROM fired UNION ALL SELECT * FROM recovered) AS alert CROSS JOIN unnest($1::text[]) AS channel
                ORDER BY id
                ON CONFLICT DO NOTHING RETURNING channel)
            INSERT INTO alert_channels (name) SELECT DISTINCT channel FROM made ORDER BY channel ON CONFLICT DO NOTHING
            """, [.array(channels)])
    }

    /// Those of `channels` that have messages and may be used now.
    package func due(_ channels: [String]) async throws(PostgresError) -> [String] {
        let rows = try await pool.query(
            """
            SELECT name FROM alert_channels c WHERE name = ANY ($1::text[]) AND next_at <= now()
                AND EXISTS (SELECT 1 FROM alert_deliveries d WHERE d.channel = c.name AND d.ended_at IS NULL)
            """, [.array(channels)])
        var names: [String] = []
        for row in rows.rows { names.append(try row.required("name")) }
        return names
    }

    /// The channel with up to `limit` messages, oldest first, or `nil` where another process has it or nothing waits.
    package func claim(
        _ channel: String, for lease: Duration, limit: Int
    ) async throws(PostgresError) -> Claim? {
        let claimed = try await pool.query(
            """
            UPDATE alert_channels SET next_at = now() + $2::bigint * interval '1 millisecond'
            WHERE name IN (SELECT name FROM alert_channels WHERE name = $1 AND next_at <= now() FOR UPDATE SKIP LOCKED)
            RETURNING failures
            """, [.text(channel), .int(lease.milliseconds)]
        ).first
        guard let claimed else { return nil }
        let rows = try await pool.query(
            """
            SELECT d.id AS delivery, d.message_id, d.state, \(AlertColumns.all)
            FROM alert_deliveries d JOIN alerts a ON a.id = d.alert_id
            WHERE d.channel = $1 AND d.ended_at IS NULL ORDER BY d.id LIMIT $2::integer
            """, [.text(channel), .int(limit)])
        var deliveries: [Delivery] = []
        for row in rows.rows {
            var alert = try AlertColumns.alert(row)
            let state = AlertNotice.State(rawValue: try row.required("state")) ?? .firing
            // It may be over by now, which is the next message's to tell.
            if state == .firing { alert.clearedAt = nil }
            let notice = AlertNotice(
                messageID: "msg_\(try row.required("message_id", String.self))", state: state, alert: alert)
            deliveries.append(Delivery(id: try row.required("delivery"), notice: notice))
        }
        guard !deliveries.isEmpty else {
            try await free(channel, after: .zero, failures: try claimed.required("failures"))
            return nil
        }
        return Claim(channel: channel, deliveries: deliveries, failures: try claimed.required("failures"))
    }

    /// The channel may be used again after `pause`.
    package func delivered(_ ids: [Int64], _ channel: String, pause: Duration) async throws(PostgresError) {
        try await end(ids, error: nil)
        try await free(channel, after: pause, failures: 0)
    }

    /// The receiver will never take them.
    package func refused(
        _ ids: [Int64], _ channel: String, because reason: String, pause: Duration
    ) async throws(PostgresError) {
        try await end(ids, error: reason)
        try await free(channel, after: pause, failures: 0)
    }

    /// They are tried again after `pause`, unless they are older than `patience`.
    ///
    /// Returns the number of those that are given up.
    package func failed(
        _ ids: [Int64], _ claim: Claim, because reason: String, pause: Duration, patience: Duration
    ) async throws(PostgresError) -> Int {
        let rows = try await pool.query(
            """
            UPDATE alert_deliveries SET attempts = attempts + 1, error = $2,
                ended_at = CASE WHEN created_at < now() - $3::bigint * interval '1 millisecond' THEN now() END
            WHERE id = ANY ($1::bigint[]) RETURNING ended_at IS NOT NULL AS given_up
            """, [.ids(ids), .text(reason), .int(patience.milliseconds)])
        try await free(claim.channel, after: pause, failures: claim.failures.addingClamped(1))
        var count = 0
        for row in rows.rows where try row.bool("given_up") { count += 1 }
        return count
    }

    /// Deletes messages that were made before that time, also those of channels that there are no longer.
    package func prune(olderThan age: Duration) async throws(PostgresError) {
        _ = try await pool.query(
            "DELETE FROM alert_deliveries WHERE created_at < now() - $1::bigint * interval '1 millisecond'",
            [.int(age.milliseconds)])
    }

    private func end(_ ids: [Int64], error: String?) async throws(PostgresError) {
        _ = try await pool.query(
            """
            UPDATE alert_deliveries SET attempts = attempts + 1, error = $2, ended_at = now()
            WHERE id = ANY ($1::bigint[])
            """, [.ids(ids), .text(error)])
    }

    private func free(_ channel: String, after pause: Duration, failures: Int) async throws(PostgresError) {
        _ = try await pool.query(
            """
            UPDATE alert_channels SET next_at = now() + $2::bigint * interval '1 millisecond', failures = $3::integer
            WHERE name = $1
            """, [.text(channel), .int(pause.milliseconds), .int(min(failures, 1000))])
    }
}

extension PostgresParameter {
    fileprivate static func ids(_ ids: [Int64]) -> PostgresParameter { .array(ids.map { String($0) }) }
}
