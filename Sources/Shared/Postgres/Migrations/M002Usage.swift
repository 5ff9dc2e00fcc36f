extension Migrations.Step {
    /// `started_at` is part of the key because PostgreSQL wants the partition key in it.
    ///
    /// It is the same in every copy of one attempt's row, so (request_id, attempt) is unique all the same.
    static let usage = Migrations.Step(
        version: 2, name: "usage",
        sql: """
            CREATE TABLE usage_attempts (
                request_id text NOT NULL,
                attempt integer NOT NULL,
                started_at timestamptz NOT NULL,
                ended_at timestamptz,
                tenant text NOT NULL,
                user_id text,
                model text NOT NULL,
                provider text NOT NULL,
                account text NOT NULL,
                upstream_model text,
                lane text NOT NULL,
                streamed boolean NOT NULL,
                tokens_in bigint NOT NULL,
                tokens_out bigint NOT NULL,
                tokens_cached bigint NOT NULL,
                tokens_reasoning bigint NOT NULL,
                cost numeric(20, 10) NOT NULL,
                currency text NOT NULL,
                latency_ms bigint NOT NULL,
                ttft_ms bigint,
                queue_ms bigint NOT NULL,
                status text NOT NULL,
                error_kind text,
                finish_reason text,
                estimated boolean NOT NULL,
                final boolean NOT NULL,
                worker text NOT NULL,
                upstream_request_id text,
                PRIMARY KEY (request_id, attempt, started_at)
            ) PARTITION BY RANGE (started_at);

            CREATE TABLE usage_hourly (
                hour timestamptz NOT NULL,
                model text NOT NULL,
                provider text NOT NULL,
                account text NOT NULL,
                tenant text NOT NULL,
                user_id text NOT NULL,
                currency text NOT NULL,
                status text NOT NULL,
                attempts bigint NOT NULL,
                tokens_in bigint NOT NULL,
                tokens_out bigint NOT NULL,
                tokens_cached bigint NOT NULL,
                tokens_reasoning bigint NOT NULL,
                cost numeric(24, 10) NOT NULL,
                latency_ms_sum bigint NOT NULL,
                ttft_ms_sum bigint NOT NULL,
                ttft_count bigint NOT NULL,
                estimated_attempts bigint NOT NULL,
                PRIMARY KEY (hour, model, provider, account, tenant, user_id, currency, status));
            """)
}
