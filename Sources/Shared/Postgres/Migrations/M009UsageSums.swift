extension Migrations.Step {
    /// Sums over `usage_attempts` by hour and by UTC day, which triggers keep, and indexes of the usage log.
    ///
    /// The triggers run in the transaction of whoever writes to `usage_attempts`: any build, or a person. So the sums
    /// equal the rows at every moment. Detaching or dropping a partition fires none of them, so the sums outlive the
    /// rows. `usage_hourly`, which older builds write and read, stays as it is.
    ///
    /// - `usage_users_…` have the whole key, `usage_routes_…` all of it but tenant and user: what is asked without
    ///   these does not become slower with their number.
    /// - A sum stops at the bound of its column, since a row must never be refused for its sum.
    /// - `histogram` has a number for each bucket of latency, time to first token and wait: the bucket's key, shifted
    ///   by 40 bits, plus the count of its attempts. A key may stand in it several times, since appending costs far
    ///   less than merging. A longer one than 128 numbers is merged (measured: three times the rows per second of
    ///   merging always).
    /// - A bucket is 20 % wide, so its middle is wrong by 9.1 % at most.
    /// - Waits are those of first attempts alone: a later one's begins before the attempts ahead of it.
    ///
    /// Two indexes serve the usage log. The B-tree on `started_at` reads the newest rows, and grows at its end alone.
    /// The summary of each 32 pages (BRIN: times, and Bloom filters of all that is filtered by) finds rare rows: a
    /// B-tree for each filter would have cost a write of a random page each. `usage_users_daily_user` tells the days of
    /// a user without its tenant.
    ///
    /// The step first takes the lock that every writer of the ledger takes first, then the table, so it waits for
    /// writers and holds them up until it ends: about 30 s for each million rows that are there.
    static let usageSums = Migrations.Step(
        version: 9, name: "usage sums",
        sql: """
            SELECT pg_advisory_xact_lock('usage_hourly'::regclass::oid::bigint);
            LOCK TABLE usage_attempts IN SHARE ROW EXCLUSIVE MODE;

            CREATE INDEX usage_attempts_started ON usage_attempts (started_at);
            CREATE INDEX usage_attempts_filters ON usage_attempts USING brin (
                started_at,
                user_id text_bloom_ops (n_distinct_per_range = 256),
                tenant text_bloom_ops (n_distinct_per_range = 64),
                model text_bloom_ops (n_distinct_per_range = 32),
                provider text_bloom_ops (n_distinct_per_range = 16),
                account text_bloom_ops (n_distinct_per_range = 32),
                status text_bloom_ops (n_distinct_per_range = 16),
                error_kind text_bloom_ops (n_distinct_per_range = 16))
                WITH (pages_per_range = 32, autosummarize = on);
            DROP INDEX usage_attempts_by_start;

            \(UsageSums.tables)
            CREATE INDEX usage_users_daily_user ON usage_users_daily (user_id, day);

            \(UsageSums.functions)

            \(UsageSums.trigger("INSERT", "NEW TABLE AS added", "SELECT 1 AS sign, * FROM added"))
            \(UsageSums.trigger("DELETE", "OLD TABLE AS removed", "SELECT -1 AS sign, * FROM removed"))
            \(UsageSums.trigger(
                "UPDATE", "OLD TABLE AS removed NEW TABLE AS added",
                "SELECT -1 AS sign, * FROM removed UNION ALL SELECT 1, * FROM added"))

            \(UsageSums.addition)
            """)
}

/// The parts of step 9, which must never change.
private enum UsageSums {
    private struct Table {
        let name: String
        let time: (name: String, type: String, value: String)
        let key: [String]

        private static let hour = ("hour", "timestamptz", "date_trunc('hour', started_at, 'UTC')")
        private static let day = ("day", "date", "(started_at AT TIME ZONE 'UTC')::date")
        private static let route = ["model", "provider", "account", "currency", "status", "error_kind"]

        static let all = [
            Table(name: "usage_users_hourly", time: hour, key: ["tenant", "user_id"] + route),
            Table(name: "usage_users_daily", time: day, key: ["tenant", "user_id"] + route),
            Table(name: "usage_routes_hourly", time: hour, key: route),
            Table(name: "usage_routes_daily", time: day, key: route),
        ]
    }

    /// Columns, and their values in a row of `usage_attempts` with a sign.
    private static let sums: [(name: String, value: String)] = [
        ("attempts", "sign"), ("requests", "CASE WHEN attempt = 1 THEN sign END"),
        ("streamed_attempts", "CASE WHEN streamed THEN sign END"),
        ("estimated_attempts", "CASE WHEN estimated THEN sign END"),
        ("tokens_in", "sign * tokens_in"), ("tokens_out", "sign * tokens_out"),
        ("tokens_cached", "sign * tokens_cached"), ("tokens_reasoning", "sign * tokens_reasoning"),
        ("tokens_cache_write", "sign * tokens_cache_write"),
        ("tokens_cache_write_1h", "sign * tokens_cache_write_1h"),
        ("cost", "sign * cost"), ("latency_ms_sum", "sign * latency_ms"),
        ("ttft_ms_sum", "sign * ttft_ms"), ("ttft_count", "CASE WHEN ttft_ms IS NOT NULL THEN sign END"),
        ("queue_ms_sum", "CASE WHEN attempt = 1 THEN sign * queue_ms END"),
    ]

    static var tables: String {
        Table.all.map { table in
            let key = table.key.map { "\($0) text NOT NULL" }
            let sums = sums.map { "\($0.name) \($0.name == "cost" ? "numeric(24, 10)" : "bigint") NOT NULL" }
            let columns = ["\(table.time.name) \(table.time.type) NOT NULL"] + key + sums
            return """
                CREATE TABLE \(table.name) (
                    \(columns.joined(separator: ",\n    ")),
                    histogram bigint[] NOT NULL,
                    PRIMARY KEY (\(([table.time.name] + table.key).joined(separator: ", ")))
                ) WITH (fillfactor = 75);
                """
        }.joined(separator: "\n")
    }

    static let functions = """
        CREATE FUNCTION usage_bucket(ms bigint) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT CASE WHEN ms < 1 THEN 0
                ELSE 1 + floor(ln(ms::double precision) / ln(1.2::double precision))::integer END
        $$;
        CREATE FUNCTION usage_bucket_ms(bucket integer) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT CASE WHEN bucket < 1 THEN 0 ELSE power(1.2::double precision, bucket - 1) * 2.4 / 2.2 END
        $$;
        CREATE FUNCTION usage_histogram(histogram bigint[], metric text)
        RETURNS TABLE (bucket integer, attempts bigint) LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT (key & 255)::integer, number - (key << 40)
            FROM unnest(histogram) AS number, LATERAL (SELECT (number + 549755813888) >> 40 AS key) AS keyed
            WHERE key >> 8 = CASE metric WHEN 'latency' THEN 0 WHEN 'ttft' THEN 1 WHEN 'queue' THEN 2 END
        $$;
        CREATE FUNCTION usage_histogram_merged(numbers bigint[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT coalesce(array_agg((key << 40) + GREATEST(LEAST(n, 549755813887), -549755813887)::bigint ORDER BY key), '{}')
            FROM (
                SELECT key, sum(number - (key << 40)) AS n
                FROM unnest(numbers) AS number, LATERAL (SELECT (number + 549755813888) >> 40 AS key) AS keyed
                GROUP BY key) AS merged
            WHERE n <> 0
        $$;
        CREATE FUNCTION usage_histogram_folded(numbers bigint[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT CASE WHEN cardinality(numbers) > 128 THEN usage_histogram_merged(numbers) ELSE numbers END
        $$;
        """

    /// The trigger of one kind of statement.
    ///
    /// It runs as the owner of the tables, since those who may write attempts need no rights to their sums.
    static func trigger(_ event: String, _ tables: String, _ change: String) -> String {
        let name = "usage_sums_\(event.lowercased())"
        return """
            CREATE FUNCTION \(name)() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$ BEGIN
                \(statements(change))
                RETURN NULL;
            END $$;
            CREATE TRIGGER \(name) AFTER \(event) ON usage_attempts REFERENCING \(tables)
                FOR EACH STATEMENT EXECUTE FUNCTION \(name)();
            """
    }

    /// Adds the rows that are there, day by day, so that no array holds more than a day of one group.
    static var addition: String {
        let ofDay =
            "SELECT 1 AS sign, * FROM usage_attempts WHERE started_at >= midnight AND started_at < midnight + interval '1 day'"
        return """
            DO $$ DECLARE midnight timestamptz; BEGIN
                FOR midnight IN SELECT generate_series(
                    (SELECT date_trunc('day', min(started_at), 'UTC') FROM usage_attempts),
                    (SELECT max(started_at) FROM usage_attempts), interval '1 day')
                LOOP
                    \(statements(ofDay))
                END LOOP;
            END $$;
            """
    }

    /// Adds rows with a sign to all tables, in one order of tables and of keys.
    private static func statements(_ change: String) -> String {
        Table.all.map { table in
            let key = ([table.time.name] + table.key).joined(separator: ", ")
            let values = [table.time.value] + table.key.map(keyValue)
            let places = values.indices.map { "\($0 + 1)" }.joined(separator: ", ")
            let added = sums.map { "\($0.name) = \(saturated("h.\($0.name)::numeric + excluded.\($0.name)", $0.name))" }
            return """
                INSERT INTO \(table.name) AS h (\(key), \(sums.map(\.name).joined(separator: ", ")), histogram)
                SELECT \(values.joined(separator: ", ")),
                    \(sums.map { saturated("coalesce(sum(\($0.value)), 0)", $0.name) }.joined(separator: ",\n    ")),
                    usage_histogram_folded(\(histogram))
                FROM (\(change)) AS change GROUP BY \(places) ORDER BY \(places)
                ON CONFLICT (\(key)) DO UPDATE SET
                    \(added.joined(separator: ",\n    ")),
                    histogram = usage_histogram_folded(h.histogram || excluded.histogram);
                """
        }.joined(separator: "\n")
    }

    private static func keyValue(_ column: String) -> String {
        ["user_id", "error_kind"].contains(column) ? "coalesce(\(column), '')" : column
    }

    private static func saturated(_ sum: String, _ column: String) -> String {
        let most = column == "cost" ? "99999999999999" : "9223372036854775807"
        return "GREATEST(LEAST(\(sum), \(most)), -\(most))"
    }

    private static let histogram = [
        numbers(of: "latency_ms", metric: 0), numbers(of: "ttft_ms", metric: 1, where: "ttft_ms IS NOT NULL"),
        numbers(of: "queue_ms", metric: 2, where: "attempt = 1"),
    ].joined(separator: " || ")

    private static func numbers(of column: String, metric: Int, where condition: String? = nil) -> String {
        let filter = condition.map { " FILTER (WHERE \($0))" } ?? ""
        return "array_agg(((\(metric << 8) + usage_bucket(\(column)))::bigint << 40) + sign)\(filter)"
    }
}
