package import Shared

extension PostgresPool {
    /// From now on PostgreSQL refuses rows of the account `refused` with this error.
    ///
    /// `nil` ends it.
    package func refuseRows(sqlState: String?) async throws {
        // Dropping a trigger locks partitions first and their table last. A flusher's insert locks them the other way
        // round, which would be a deadlock.
        _ = try await query(
            """
            DO $$ BEGIN
                LOCK TABLE usage_attempts IN ACCESS EXCLUSIVE MODE;
                DROP TRIGGER IF EXISTS refusing ON usage_attempts;
            END $$
            """)
        guard let sqlState else { return }
        _ = try await query(
            """
            CREATE OR REPLACE FUNCTION refusing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF NEW.account = 'refused' THEN RAISE EXCEPTION 'refused' USING ERRCODE = '\(sqlState)'; END IF;
                RETURN NEW;
            END $$
            """)
        _ = try await query(
            "CREATE TRIGGER refusing BEFORE INSERT ON usage_attempts FOR EACH ROW EXECUTE FUNCTION refusing()")
    }

    /// From now on each row takes that long.
    package func slowRows(seconds: Double) async throws {
        _ = try await query(
            """
            CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                PERFORM pg_sleep(\(seconds));
                RETURN NEW;
            END $$
            """)
        _ = try await query(
            "CREATE TRIGGER slow BEFORE INSERT ON usage_attempts FOR EACH ROW EXECUTE FUNCTION slow()")
    }
}
