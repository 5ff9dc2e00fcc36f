extension Migrations.Step {
    static let catalog = Migrations.Step(
        version: 1, name: "catalog",
        sql: """
            CREATE TABLE models (
                id text PRIMARY KEY,
                name text NOT NULL,
                provider text NOT NULL,
                model_id text NOT NULL,
                max_tokens integer,
                context_tokens integer,
                cost_per_1k_tokens double precision,
                input_price double precision NOT NULL DEFAULT 0,
                cached_input_price double precision NOT NULL DEFAULT 0,
                output_price double precision NOT NULL DEFAULT 0,
                currency text NOT NULL DEFAULT 'USD',
                priority integer NOT NULL DEFAULT 0,
                weight integer NOT NULL DEFAULT 1 CHECK (weight > 0),
                is_active boolean NOT NULL DEFAULT true,
                capabilities jsonb NOT NULL DEFAULT '{}',
                aliases text[] NOT NULL DEFAULT '{}',
                fallback_models text[] NOT NULL DEFAULT '{}',
                routing_strategy text,
                created_at timestamptz NOT NULL DEFAULT now(),
                updated_at timestamptz NOT NULL DEFAULT now());

            CREATE TABLE accounts (
                id text PRIMARY KEY,
                account_name text NOT NULL,
                provider text NOT NULL,
                api_key_encrypted text,
                key_version integer NOT NULL DEFAULT 1,
                base_url text,
                mode text,
                quota_limit bigint,
                quota_used bigint NOT NULL DEFAULT 0,
                quota_period text,
                status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
                status_reason text,
                health_score double precision NOT NULL DEFAULT 1,
                rpm integer,
                tpm integer,
                concurrency integer,
                weight integer NOT NULL DEFAULT 1 CHECK (weight > 0),
                settings jsonb NOT NULL DEFAULT '{}',
                created_at timestamptz NOT NULL DEFAULT now(),
                updated_at timestamptz NOT NULL DEFAULT now());
            """)
}
