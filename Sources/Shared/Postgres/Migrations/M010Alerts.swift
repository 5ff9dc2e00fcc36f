extension Migrations.Step {
    /// Messages about alerts on their way to channels, and silences.
    static let alerts = Migrations.Step(
        version: 10, name: "alerts",
        sql: """
            ALTER TABLE alerts
                ADD COLUMN notified_at timestamptz,
                ADD COLUMN recovery_notified_at timestamptz;
            CREATE INDEX alerts_recovered ON alerts (id)
                WHERE cleared_at IS NOT NULL AND notified_at IS NOT NULL AND recovery_notified_at IS NULL;
            CREATE INDEX alerts_cleared ON alerts (cleared_at) WHERE cleared_at IS NOT NULL;

            -- Patterns in which * stands for any text.
            CREATE TABLE alert_silences (
                id bigserial PRIMARY KEY,
                kind text NOT NULL,
                subject text NOT NULL,
                kind_like text NOT NULL GENERATED ALWAYS AS
                    (replace(replace(replace(replace(kind, '\\', '\\\\'), '%', '\\%'), '_', '\\_'), '*', '%')) STORED,
                subject_like text NOT NULL GENERATED ALWAYS AS
                    (replace(replace(replace(replace(subject, '\\', '\\\\'), '%', '\\%'), '_', '\\_'), '*', '%')) STORED,
                reason text,
                actor text NOT NULL,
                created_at timestamptz NOT NULL DEFAULT now(),
                ends_at timestamptz NOT NULL);

            -- One row for each alert, state and channel. It stays for some days after its end, for people to look at.
            CREATE TABLE alert_deliveries (
                id bigserial PRIMARY KEY,
                message_id uuid NOT NULL DEFAULT gen_random_uuid(),
                alert_id bigint NOT NULL REFERENCES alerts ON DELETE CASCADE,
                state text NOT NULL CHECK (state IN ('firing', 'resolved')),
                channel text NOT NULL,
                attempts integer NOT NULL DEFAULT 0,
                error text,
                created_at timestamptz NOT NULL DEFAULT now(),
                ended_at timestamptz,
                UNIQUE (alert_id, state, channel));
            CREATE INDEX alert_deliveries_waiting ON alert_deliveries (channel, id) WHERE ended_at IS NULL;
            CREATE INDEX alert_deliveries_created ON alert_deliveries (created_at);

            -- When each channel may be used next. Its row is claimed before its messages are sent.
            CREATE TABLE alert_channels (
                name text PRIMARY KEY,
                next_at timestamptz NOT NULL DEFAULT now(),
                failures integer NOT NULL DEFAULT 0);
            """)
}
