extension Migrations.Step {
    /// Quotas with periods, the response cache's opt-in, and what is written down about the pool.
    static let pool = Migrations.Step(
        version: 4, name: "pool",
        sql: """
            UPDATE accounts SET quota_period = 'total' WHERE quota_period IS NULL OR quota_period NOT IN ('day', 'month');
            ALTER TABLE accounts
                ALTER COLUMN quota_period SET DEFAULT 'total',
                ALTER COLUMN quota_period SET NOT NULL,
                ADD CONSTRAINT accounts_quota_period CHECK (quota_period IN ('total', 'day', 'month')),
                ADD COLUMN quota_reset_hour smallint NOT NULL DEFAULT 0 CHECK (quota_reset_hour BETWEEN 0 AND 23),
                ADD COLUMN quota_reset_day smallint NOT NULL DEFAULT 1 CHECK (quota_reset_day BETWEEN 1 AND 28);
            ALTER TABLE models ADD COLUMN cache_ttl integer CHECK (cache_ttl > 0);
            CREATE INDEX usage_hourly_account ON usage_hourly (account, hour);

            CREATE TABLE alerts (
                id bigserial PRIMARY KEY,
                kind text NOT NULL,
                subject text NOT NULL,
                severity text NOT NULL,
                message text NOT NULL,
                details jsonb NOT NULL DEFAULT '{}',
                count integer NOT NULL DEFAULT 1,
                raised_at timestamptz NOT NULL DEFAULT now(),
                last_at timestamptz NOT NULL DEFAULT now(),
                cleared_at timestamptz);
            CREATE UNIQUE INDEX alerts_open ON alerts (kind, subject) WHERE cleared_at IS NULL;
            CREATE INDEX alerts_raised ON alerts (raised_at DESC);

            CREATE TABLE audit_log (
                id bigserial PRIMARY KEY,
                at timestamptz NOT NULL DEFAULT now(),
                actor text NOT NULL,
                action text NOT NULL,
                kind text NOT NULL,
                subject text NOT NULL,
                reason text,
                before jsonb,
                after jsonb);
            CREATE INDEX audit_log_subject ON audit_log (kind, subject, at DESC);
            """)
}
