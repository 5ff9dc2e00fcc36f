/// Reads from the ledger's hourly sums what accounts have used of their quotas.
///
/// Counters in Redis are set from it. Served by the index of `usage_hourly` on (account, hour).
package struct QuotaLedger: Sendable {
    package struct Used: Sendable, Equatable {
        /// Tokens of the period up to the first of `hours`.
        package var settled: Int64
        /// Tokens by hour since 1970, from `first` on.
        package var hours: [Int64: Int64]

        package init(settled: Int64, hours: [Int64: Int64]) {
            self.settled = settled
            self.hours = hours
        }
    }

    private let pool: PostgresPool
    /// Largest number that a double, and so a script in Redis, counts exactly.
    private static let most: Int64 = 1 << 53

    package init(_ pool: PostgresPool) { self.pool = pool }

    /// Tokens an account has used since `start`.
    ///
    /// - `start`: of the period, in milliseconds since 1970. `nil` for a quota that is for good, which also counts the
    ///   tokens that the account was entered with.
    /// - `first`: the hour (since 1970) from which on hours are told one by one.
    package func used(_ account: Account, start: Int64?, first: Int64) async throws(PostgresError) -> Used {
        let rows = try await pool.query(
            """
            SELECT (extract(epoch FROM hour) / 3600)::bigint AS hour, LEAST(sum(tokens_in::numeric + tokens_out), \(Self.most))::bigint AS tokens
            FROM usage_hourly WHERE account = $1 AND hour >= $2::timestamptz GROUP BY 1
            """, [.text(account.id), .time(max(start ?? 0, 0))])
        var used = Used(settled: 0, hours: [:])
        for row in rows.rows {
            let (hour, tokens): (Int64, Int64) = (try row.required("hour"), try row.required("tokens"))
            if hour < first { used.settled = used.settled.addingClamped(tokens) } else { used.hours[hour] = tokens }
        }
        guard start == nil else { return used }
        // The column is kept by the same transactions as the sums, and may have begun above zero.
        let total: Int64 =
            try await pool.query("SELECT quota_used FROM accounts WHERE id = $1", [.text(account.id)])
            .first?.required("quota_used") ?? account.quotaUsed
        used.settled = min(total, Self.most).subtractingClamped(used.hours.values.reduce(0) { $0.addingClamped($1) })
        return used
    }
}
