extension Migrations.Step {
    /// Tokens written to platforms' caches, and their price.
    ///
    /// A price that is null follows the model's input price. Older builds read and write the tables as they did: they
    /// count nothing as written. Reads from Claude's cache cost the full price unless the catalogue said otherwise, and
    /// still do where one price holds for all. Changed rows have a new time, by which workers know them.
    static let cacheWrites = Migrations.Step(
        version: 5, name: "cache writes",
        sql: """
            ALTER TABLE usage_attempts
                ADD COLUMN tokens_cache_write bigint NOT NULL DEFAULT 0,
                ADD COLUMN tokens_cache_write_1h bigint NOT NULL DEFAULT 0;
            ALTER TABLE usage_hourly
                ADD COLUMN tokens_cache_write bigint NOT NULL DEFAULT 0,
                ADD COLUMN tokens_cache_write_1h bigint NOT NULL DEFAULT 0;
            ALTER TABLE models
                ADD COLUMN cache_write_price double precision,
                ADD COLUMN cache_write_1h_price double precision;
            UPDATE models SET cached_input_price = round((input_price * 0.1)::numeric, 9), updated_at = now()
                WHERE provider = 'anthropic' AND cached_input_price = input_price AND input_price <= 1000000
                    AND cost_per_1k_tokens IS NULL;
            """)
}
