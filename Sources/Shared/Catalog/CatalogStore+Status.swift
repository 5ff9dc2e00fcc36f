/// Enables and disables accounts, with an audit row in the same transaction.
extension CatalogStore {
    /// Returns `false`, and writes nothing, where the account has this status already or does not exist.
    package func setStatus(
        account: String, status: Account.Status, reason: String?, actor: String
    ) async throws(PostgresError) -> Bool {
        let changed = try await pool.query(
            """
            WITH changed AS (
                UPDATE accounts SET status = $2, status_reason = CASE WHEN $2 = 'disabled' THEN $3 END, updated_at = now()
                WHERE id = $1 AND status <> $2 RETURNING id)
            INSERT INTO audit_log (actor, action, kind, subject, reason, before, after)
            SELECT $4, CASE WHEN $2 = 'active' THEN 'enable' ELSE 'disable' END, 'account', id, $3,
                jsonb_build_object('status', CASE WHEN $2 = 'active' THEN 'disabled' ELSE 'active' END),
                jsonb_build_object('status', $2::text)
            FROM changed RETURNING id
            """, [.text(account), .text(status.rawValue), .text(reason), .text(actor)])
        return changed.count > 0
    }

    /// True where the account is active and was changed, apart from its usage, after `time` (milliseconds since 1970).
    package func wasChanged(account: String, after time: Int64) async throws(PostgresError) -> Bool {
        try await pool.query(
            "SELECT 1 FROM accounts WHERE id = $1 AND status = 'active' AND updated_at > $2::timestamptz",
            [.text(account), .time(time)]
        ).count > 0
    }
}
