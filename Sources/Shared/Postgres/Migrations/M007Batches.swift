extension Migrations.Step {
    /// Uploaded files, batches and the results of their lines.
    ///
    /// A file is kept in chunks of whole lines, so that no reader or writer holds more than one. A result's place `seq`
    /// is higher than that of all results that were committed before, so a reader's cursor is one number.
    /// `runner` names the process that expands the batch, until `runner_until`.
    static let batches = Migrations.Step(
        version: 7, name: "batches",
        sql: """
            CREATE TABLE batch_files (
                id text PRIMARY KEY,
                tenant text NOT NULL,
                purpose text NOT NULL,
                filename text NOT NULL,
                bytes bigint NOT NULL DEFAULT 0,
                lines bigint NOT NULL DEFAULT 0,
                is_ready boolean NOT NULL DEFAULT false,
                created_at timestamptz NOT NULL DEFAULT now(),
                expires_at timestamptz NOT NULL);
            CREATE INDEX batch_files_by_tenant ON batch_files (tenant, created_at DESC, id DESC);
            CREATE INDEX batch_files_by_expiry ON batch_files (expires_at);

            CREATE TABLE batch_chunks (
                file text NOT NULL REFERENCES batch_files (id) ON DELETE CASCADE,
                seq integer NOT NULL,
                first_line bigint NOT NULL,
                lines integer NOT NULL,
                data text NOT NULL,
                PRIMARY KEY (file, seq));

            CREATE TABLE batches (
                id text PRIMARY KEY,
                tenant text NOT NULL,
                input_file text NOT NULL,
                endpoint text NOT NULL,
                status text NOT NULL,
                halt text,
                is_paused boolean NOT NULL DEFAULT false,
                options json NOT NULL DEFAULT '{}',
                metadata json,
                errors json,
                total bigint NOT NULL DEFAULT 0,
                recorded bigint NOT NULL DEFAULT 0,
                succeeded bigint NOT NULL DEFAULT 0,
                failed bigint NOT NULL DEFAULT 0,
                retried bigint NOT NULL DEFAULT 0,
                running bigint NOT NULL DEFAULT 0,
                tokens_in bigint NOT NULL DEFAULT 0,
                tokens_out bigint NOT NULL DEFAULT 0,
                tokens_cached bigint NOT NULL DEFAULT 0,
                tokens_reasoning bigint NOT NULL DEFAULT 0,
                cost json NOT NULL DEFAULT '{}',
                output_bytes bigint NOT NULL DEFAULT 0,
                error_bytes bigint NOT NULL DEFAULT 0,
                round integer NOT NULL DEFAULT 0,
                runner text,
                runner_until timestamptz,
                created_at timestamptz NOT NULL DEFAULT now(),
                deadline timestamptz NOT NULL,
                in_progress_at timestamptz,
                finalizing_at timestamptz,
                completed_at timestamptz,
                failed_at timestamptz,
                expired_at timestamptz,
                cancelling_at timestamptz,
                cancelled_at timestamptz,
                results_expire_at timestamptz NOT NULL);
            CREATE INDEX batches_by_tenant ON batches (tenant, created_at DESC, id DESC);
            CREATE INDEX batches_by_expiry ON batches (results_expire_at);
            CREATE INDEX batches_to_run ON batches (created_at)
                WHERE status IN ('validating', 'in_progress', 'finalizing', 'cancelling');

            CREATE TABLE batch_results (
                batch text NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
                line bigint NOT NULL,
                seq bigint NOT NULL,
                is_ok boolean NOT NULL,
                is_retryable boolean NOT NULL,
                request_id text,
                model text NOT NULL,
                tokens_in bigint NOT NULL,
                tokens_out bigint NOT NULL,
                tokens_cached bigint NOT NULL,
                tokens_reasoning bigint NOT NULL,
                cost numeric(20, 10) NOT NULL,
                currency text NOT NULL,
                latency_ms bigint NOT NULL,
                attempts integer NOT NULL,
                body text NOT NULL,
                PRIMARY KEY (batch, line));
            CREATE UNIQUE INDEX batch_results_by_seq ON batch_results (batch, seq);
            """)
}
