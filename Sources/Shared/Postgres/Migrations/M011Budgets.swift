extension Migrations.Step {
    /// Budgets, and what was spent of each, which triggers keep.
    ///
    /// The triggers run in the transaction of whoever writes to `usage_attempts`, as those of the sums do. So what is
    /// spent equals the rows at every moment, and each row counts in the period in which it began, however late it
    /// comes. Without budgets they cost one look at an empty table.
    ///
    /// - `shift` is the number of hours from the begin of a calendar's day, week or month to that of the budget's.
    /// - `budget_spending` refers to no budget, since a row must never be refused because a budget goes at that moment.
    /// - A sum stops at the bound of its column, for the same reason.
    static let budgets = Migrations.Step(
        version: 11, name: "budgets",
        sql: """
            SELECT pg_advisory_xact_lock('usage_hourly'::regclass::oid::bigint);

            CREATE TABLE budgets (
                id text PRIMARY KEY,
                kind text NOT NULL CHECK (kind IN ('tenant', 'user', 'token')),
                tenant text NOT NULL,
                -- The user or the token, and empty for a tenant.
                subject text NOT NULL,
                unit text NOT NULL,
                period text NOT NULL CHECK (period IN ('day', 'week', 'month', 'total')),
                reset_hour integer NOT NULL CHECK (reset_hour BETWEEN 0 AND 23),
                reset_day integer NOT NULL CHECK (reset_day BETWEEN 1 AND 28),
                shift integer NOT NULL GENERATED ALWAYS AS (
                    CASE period WHEN 'total' THEN 0 WHEN 'day' THEN reset_hour
                        ELSE 24 * (reset_day - 1) + reset_hour END) STORED,
                soft numeric(24, 10) CHECK (soft >= 0),
                hard numeric(24, 10) CHECK (hard >= 0),
                created_at timestamptz NOT NULL DEFAULT now(),
                updated_at timestamptz NOT NULL DEFAULT now(),
                CHECK (soft IS NOT NULL OR hard IS NOT NULL));
            CREATE INDEX budgets_subject ON budgets (tenant, subject);

            CREATE TABLE budget_spending (
                budget text NOT NULL,
                begins_at timestamptz NOT NULL,
                spent numeric(30, 10) NOT NULL,
                PRIMARY KEY (budget, begins_at)
            ) WITH (fillfactor = 50);

            CREATE FUNCTION budget_begin(period text, shift integer, moment timestamptz) RETURNS timestamptz
            LANGUAGE sql STABLE PARALLEL SAFE AS $$
                SELECT CASE period WHEN 'total' THEN '1970-01-01 00:00:00+00'::timestamptz
                    ELSE date_trunc(period, moment - make_interval(hours => shift), 'UTC') + make_interval(hours => shift) END
            $$;
            -- 32 days behind the begin of a month lie in the next one.
            CREATE FUNCTION budget_end(period text, shift integer, moment timestamptz) RETURNS timestamptz
            LANGUAGE sql STABLE PARALLEL SAFE AS $$
                SELECT CASE period WHEN 'total' THEN NULL
                    ELSE budget_begin(period, shift, budget_begin(period, shift, moment)
                        + make_interval(hours => CASE period WHEN 'day' THEN 24 WHEN 'week' THEN 168 ELSE 768 END)) END
            $$;

            CREATE FUNCTION usage_budgets() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$ BEGIN
                IF NOT EXISTS (SELECT 1 FROM budgets) THEN RETURN NULL; END IF;
                IF TG_OP <> 'INSERT' THEN
                    \(spend("removed", sign: "-"))
                END IF;
                IF TG_OP <> 'DELETE' THEN
                    \(spend("added", sign: "+"))
                END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER usage_budgets_insert AFTER INSERT ON usage_attempts REFERENCING NEW TABLE AS added
                FOR EACH STATEMENT EXECUTE FUNCTION usage_budgets();
            CREATE TRIGGER usage_budgets_delete AFTER DELETE ON usage_attempts REFERENCING OLD TABLE AS removed
                FOR EACH STATEMENT EXECUTE FUNCTION usage_budgets();
            CREATE TRIGGER usage_budgets_update AFTER UPDATE ON usage_attempts
                REFERENCING OLD TABLE AS removed NEW TABLE AS added
                FOR EACH STATEMENT EXECUTE FUNCTION usage_budgets();
            """)

    /// Adds rows to the budgets that they belong to, or takes them away, in the order of keys.
    private static func spend(_ rows: String, sign: String) -> String {
        """
        INSERT INTO budget_spending AS s (budget, begins_at, spent)
        SELECT b.id, budget_begin(b.period, b.shift, c.hour),
            GREATEST(LEAST(sum(\(sign)CASE b.unit WHEN 'tokens' THEN c.tokens ELSE c.cost END), 99999999999999999999), -99999999999999999999)
        FROM (
            SELECT date_trunc('hour', started_at, 'UTC') AS hour, tenant, coalesce(user_id, '') AS user_id, currency,
                sum(tokens_in::numeric + tokens_out) AS tokens, sum(cost) AS cost
            FROM \(rows) GROUP BY 1, 2, 3, 4) AS c
        JOIN budgets b ON b.tenant = c.tenant AND b.unit IN ('tokens', c.currency)
            AND (b.kind = 'tenant' OR (b.kind = 'user' AND b.subject = c.user_id))
        GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (budget, begins_at) DO UPDATE SET
            spent = GREATEST(LEAST(s.spent + excluded.spent, 99999999999999999999), -99999999999999999999);
        """
    }
}
