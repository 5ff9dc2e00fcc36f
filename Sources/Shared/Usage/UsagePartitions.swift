/// The monthly partitions of `usage_attempts`: made before rows need them, and retired.
///
/// No partition is made or taken away under a lock that holds up writers or readers: it is made as a table of its own
/// and attached, and detached `CONCURRENTLY`. Each step is harmless where it was done before, or where two processes
/// do it at once.
package struct UsagePartitions: Sendable {
    /// The fate of a retired month's rows.
    package enum Retirement: String, Sendable, CaseIterable {
        /// Its table stays, under another name, and belongs to nobody.
        case detach
        case drop
    }

    private let pool: PostgresPool

    package init(_ pool: PostgresPool) { self.pool = pool }

    package func make(_ month: UsageMonth) async throws(PostgresError) { _ = try await pool.query(Self.make(month)) }

    /// Months before this one that have a partition, or one whose retirement has begun, oldest first.
    ///
    /// One whose detach was cut off comes before all, since no other can be detached until that has ended.
    package func months(before first: UsageMonth) async throws(PostgresError) -> [UsageMonth] {
        let rows = try await pool.query(
            """
            SELECT relname AS name FROM pg_class
            LEFT JOIN pg_inherits ON inhrelid = pg_class.oid AND inhparent = 'usage_attempts'::regclass
            WHERE relkind = 'r' AND relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'usage_attempts'::regclass)
                AND (inhrelid IS NOT NULL OR obj_description(pg_class.oid, 'pg_class') = '\(Self.retiring)')
            ORDER BY inhdetachpending IS TRUE DESC, relname
            """)
        var months: [UsageMonth] = []
        for row in rows.rows {
            if let month = UsageMonth(partition: try row.required("name")), month < first { months.append(month) }
        }
        return months
    }

    /// Takes a month's rows out of the ledger.
    ///
    /// Its sums stay. A retirement that was cut off is begun where it ended.
    package func retire(_ month: UsageMonth, _ retirement: Retirement) async throws(PostgresError) {
        let name = month.partition
        switch try await state(name) {
        case .attached:
            _ = try await pool.query("COMMENT ON TABLE \(name) IS '\(Self.retiring)'")
            _ = try await pool.query("ALTER TABLE usage_attempts DETACH PARTITION \(name) CONCURRENTLY")
        case .pending: _ = try await pool.query("ALTER TABLE usage_attempts DETACH PARTITION \(name) FINALIZE")
        case .detached: break
        }
        let end = retirement == .drop ? "DROP TABLE IF EXISTS \(name);" : Self.setAside(name)
        // Under the lock of those that make a partition, which could have the name by now.
        _ = try await pool.query(
            """
            DO $$ BEGIN
                LOCK TABLE ONLY usage_attempts IN SHARE UPDATE EXCLUSIVE MODE;
                IF NOT EXISTS (\(Self.attachment(name))) THEN \(end) END IF;
            END $$
            """)
    }

    /// The row that says that a table is a partition of the ledger.
    private static func attachment(_ name: String) -> String {
        """
        SELECT inhdetachpending FROM pg_inherits
        WHERE inhparent = 'usage_attempts'::regclass AND inhrelid = to_regclass('\(name)')
        """
    }

    private enum State { case attached, pending, detached }

    private func state(_ name: String) async throws(PostgresError) -> State {
        guard let row = try await pool.query(Self.attachment(name)).first else { return .detached }
        return try row.bool("inhdetachpending") ? .pending : .attached
    }

    /// The comment on a table between its detachment and its end.
    ///
    /// By it a table that a person has detached is told apart, which is left alone.
    private static let retiring = "ai-model-service: retiring"

    /// Gives a table that is no partition any more a name that no partition has.
    private static func setAside(_ name: String) -> String {
        """
        FOR number IN 1..1000 LOOP
            IF to_regclass('\(name)_detached_' || number) IS NULL THEN
                EXECUTE 'ALTER TABLE \(name) RENAME TO \(name)_detached_' || number;
                EXECUTE 'COMMENT ON TABLE \(name)_detached_' || number || ' IS NULL';
                EXIT;
            END IF;
        END LOOP;
        """
    }

    /// Makes one month's partition, unless it is there.
    ///
    /// Rows of a month that is being retired must wait for the end of that, so they are told of an object in use.
    static func make(_ month: UsageMonth) -> String {
        let name = month.partition
        return """
            DO $$ DECLARE is_pending boolean; BEGIN
                FOR attempt IN 1..2 LOOP
                    is_pending := (\(attachment(name)));
                    IF is_pending THEN RAISE object_in_use; END IF;
                    IF is_pending IS NOT NULL THEN RETURN; END IF;
                    -- Others that make a partition now are waited for, and seen in the second round.
                    LOCK TABLE ONLY usage_attempts IN SHARE UPDATE EXCLUSIVE MODE;
                END LOOP;
                IF obj_description(to_regclass('\(name)'), 'pg_class') = '\(retiring)' THEN RAISE object_in_use; END IF;
                IF to_regclass('\(name)') IS NOT NULL THEN \(setAside(name)) END IF;
                CREATE TABLE \(name) (LIKE usage_attempts INCLUDING ALL);
                ALTER TABLE usage_attempts ATTACH PARTITION \(name) FOR VALUES FROM ('\(month.start)') TO ('\(month.next.start)');
            EXCEPTION WHEN duplicate_table OR unique_violation THEN NULL;
            END $$
            """
    }
}
