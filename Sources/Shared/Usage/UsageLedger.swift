import Synchronization

/// The ledger in PostgreSQL: one row per attempt, and the hourly sums.
///
/// In: rows, at least once, in any order, from any number of processes. Out: each attempt counted exactly once, in one
/// transaction in the raw table, the rollup and the account's quota. A final row replaces an estimated one, and the
/// difference is booked. Rows are bounded to what PostgreSQL holds, and sums to the largest number of their column.
///
/// Throws an error with `isRowsFault` where one of the rows cannot be written. After any other error the same call
/// should be repeated.
package final class UsageLedger: Sendable {
    private let pool: PostgresPool
    private let partitions: UsagePartitions
    /// Months whose partition is known to exist.
    private let months = Mutex<Set<UsageMonth>>([])

    package init(_ pool: PostgresPool) {
        self.pool = pool
        partitions = UsagePartitions(pool)
    }

    package func record(_ rows: [UsageRow]) async throws(PostgresError) {
        guard !rows.isEmpty else { return }
        let rows = UsageRow.merged(rows.map(\.bounded))
        try await makePartitions(for: rows)
        do throws(PostgresError) { try await write(rows) } catch {
            guard error.sqlState == Self.noPartition else { throw error }
            // A partition that was known to exist has been dropped.
            months.withLock { $0 = [] }
            try await makePartitions(for: rows)
            try await write(rows)
        }
    }

    /// `check_violation`: no partition, or a check that somebody added where making the partition does not help.
    private static let noPartition = "23514"

    private func write(_ rows: [UsageRow]) async throws(PostgresError) {
        let all = UsageStatements.parameters(rows)
        try await pool.transaction { connection throws(PostgresError) in
            // One writer at a time: overlapping batches would lock attempts, sums and accounts in different orders.
            // Measured with four writers of the same rows: 46 of 160 batches in deadlocks without it, none and faster
            // with it.
            try connection.query(UsageStatements.lock, [])
            let inserted: Int = try connection.query(UsageStatements.insert, all).first?.required("inserted") ?? 0
            // A row that was there before may be an estimate, which a final row replaces.
            if inserted < rows.count, !Ablation.ledgerReplace.isBroken {
                let finals = rows.filter(\.isFinal)
                if !finals.isEmpty { try connection.query(UsageStatements.replace, UsageStatements.parameters(finals)) }
            }
        }
    }

    private func makePartitions(for rows: [UsageRow]) async throws(PostgresError) {
        let known = months.withLock { $0 }
        for month in Set(rows.map { UsageMonth(of: $0.record.startedAt) }).subtracting(known).sorted() {
            try await partitions.make(month)
            months.withLock { _ = $0.insert(month) }
        }
    }
}
