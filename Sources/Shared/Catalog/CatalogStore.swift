/// Models and accounts in PostgreSQL.
package struct CatalogStore: Sendable {
    let pool: PostgresPool

    package init(_ pool: PostgresPool) { self.pool = pool }

    package func load() async throws(PostgresError) -> CatalogSnapshot {
        let models = try await pool.query(
            "SELECT *, to_json(aliases) AS alias_list, to_json(fallback_models) AS fallback_list FROM models")
        let accounts = try await pool.query("SELECT *, to_json(models) AS model_list FROM accounts")
        var known = (models: [Model](), accounts: [Account]())
        for row in models.rows { if let model = try Model(row: row) { known.models.append(model) } }
        for row in accounts.rows { if let account = try Account(row: row) { known.accounts.append(account) } }
        return CatalogSnapshot(models: known.models, accounts: known.accounts)
    }

    /// Changes whenever a model or an account does, and costs less than to load them.
    ///
    /// Usage booked to accounts does not count.
    /// Not just the latest time: of two transactions the one that began first may commit last, with the earlier time.
    package func version() async throws(PostgresError) -> String { try await stamp().version }

    /// The version, and the time of the server at which it was this.
    func stamp() async throws(PostgresError) -> VersionedCatalog.Stamp {
        let row = try await pool.query(
            """
            SELECT coalesce((SELECT md5(string_agg(id || ' ' || updated_at, ',' ORDER BY id)) FROM models), '') || ' ' ||
                   coalesce((SELECT md5(string_agg(id || ' ' || updated_at, ',' ORDER BY id)) FROM accounts), '') AS version,
                   (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS as_of
            """
        ).first
        return VersionedCatalog.Stamp(version: try row?.text("version") ?? "", asOf: try row?.required("as_of") ?? 0)
    }

    /// Whether a file may be loaded unasked: see `CatalogApply.Mode.ifEmpty`.
    package func isEmpty() async throws(PostgresError) -> Bool {
        try await pool.perform { connection throws(PostgresError) in try CatalogApply.isEmpty(connection) }
    }

    /// Writes what a file declares; what it does not mention stays.
    ///
    /// Usage, status and health of known accounts stay too,
    /// unless the file gives them. With an `actor` the audit log has a row for each, in the same transaction.
    /// Returns how many models and accounts were written.
    @discardableResult
    package func apply(
        _ file: CatalogFile, box: SecretBox?, actor: String? = nil, reason: String? = nil
    ) async throws -> (models: Int, accounts: Int) {
        let accounts = try Self.sealed(file.accounts, box)
        let models = file.models
        try await pool.transaction { connection throws(PostgresError) in
            for model in models { _ = try connection.query(Self.upsertModel, Self.parameters(model)) }
            for (entry, key) in accounts { _ = try connection.query(Self.upsertAccount, Self.parameters(entry, key)) }
            guard let actor else { return }
            for model in models {
                _ = try connection.query(Self.audit("models"), [.text(actor), .text(model.id), .text(reason)])
            }
            for (entry, _) in accounts {
                _ = try connection.query(
                    Self.audit("accounts"), [.text(actor), .text(entry.account.id), .text(reason)])
            }
        }
        return (models.count, accounts.count)
    }

    /// Every account whose key cannot be had or sealed is told.
    private static func sealed(
        _ accounts: [CatalogFile.AccountEntry], _ box: SecretBox?
    ) throws(CatalogFile.Mistakes) -> [(CatalogFile.AccountEntry, String?)] {
        var (sealed, mistakes) = ([(CatalogFile.AccountEntry, String?)](), [String]())
        for entry in accounts {
            do { sealed.append((entry, try entry.sealedKey(box))) } catch {
                mistakes += error.list.map { "account \(entry.account.id), \($0)" }
            }
        }
        if mistakes.isEmpty { return sealed }
        throw CatalogFile.Mistakes(list: mistakes)
    }

    /// The row as it was written, without its key.
    private static func audit(_ table: String) -> String {
        """
        INSERT INTO audit_log (actor, action, kind, subject, reason, after)
        SELECT $1, 'import', '\(table.dropLast())', id, $3, (to_jsonb(t) - 'api_key_encrypted') #- '{settings,headers}' FROM \(table) t WHERE id = $2
        """
    }

    static let insertModel = """
        INSERT INTO models (id, name, provider, model_id, max_tokens, context_tokens, input_price, cached_input_price,
            output_price, currency, priority, weight, is_active, capabilities, aliases, fallback_models, routing_strategy,
            cost_per_1k_tokens, cache_ttl, cache_write_price, cache_write_1h_price, idle_timeout)
        VALUES ($1, $2, $3, $4, $5::integer, $6::integer, $7::float8, $8::float8, $9::float8, $10, $11::integer, $12::integer,
            $13::boolean, $14::jsonb, $15::text[], $16::text[], $17, $18::float8, $19::integer, $20::float8, $21::float8,
            $22::integer)
        """

    static let upsertModel =
        insertModel + """
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, provider = excluded.provider, model_id = excluded.model_id,
                max_tokens = excluded.max_tokens, context_tokens = excluded.context_tokens, input_price = excluded.input_price,
                cached_input_price = excluded.cached_input_price, output_price = excluded.output_price,
                cost_per_1k_tokens = excluded.cost_per_1k_tokens, currency = excluded.currency, priority = excluded.priority, weight = excluded.weight,
                is_active = excluded.is_active, capabilities = excluded.capabilities, aliases = excluded.aliases,
                fallback_models = excluded.fallback_models, routing_strategy = excluded.routing_strategy, cache_ttl = excluded.cache_ttl,
                cache_write_price = excluded.cache_write_price, cache_write_1h_price = excluded.cache_write_1h_price,
                idle_timeout = excluded.idle_timeout, updated_at = now()
            """

    static func parameters(_ model: Model) -> [PostgresParameter] {
        let capabilities = JSON.object(
            model.capabilities.named.sorted { $0.key < $1.key }.reduce(into: JSONObject()) {
                $0.set($1.key, .bool($1.value))
            })
        return [
            .text(model.id), .text(model.name), .text(model.provider.rawValue), .text(model.modelID),
            .int(model.maxTokens), .int(model.contextTokens), .double(model.prices.input),
            .double(model.prices.cachedInput), .double(model.prices.output), .text(model.prices.currency),
            .int(model.priority), .int(model.weight), .bool(model.isActive),
            .text(String(decoding: capabilities.encoded, as: UTF8.self)), .array(model.aliases),
            .array(model.fallbackModels), .text(model.routingStrategy), .double(model.costPer1kTokens),
            .int(model.cacheTTL), .double(written(model, \.cacheWrite)), .double(written(model, \.hourlyCacheWrite)),
            .int(model.idleTimeout),
        ]
    }

    /// A price that follows the input's is not written, so that it goes on following whoever changes that.
    private static func written(_ model: Model, _ price: KeyPath<Prices, Double>) -> Double? {
        let own = model.prices[keyPath: price]
        let shares = CacheShares(model.provider, costPer1kTokens: model.costPer1kTokens)
        return own == Prices(input: model.prices.input, shares: shares)[keyPath: price] ? nil : own
    }

    static let insertAccount = """
        INSERT INTO accounts AS a (id, account_name, provider, api_key_encrypted, base_url, mode, quota_limit, quota_used,
            status, health_score, rpm, tpm, concurrency, weight, settings, models, quota_period, quota_reset_hour, quota_reset_day)
        VALUES ($1, $2, $3, $4, $5, $6, $7::bigint, coalesce($8::bigint, 0), coalesce($9, 'active'), coalesce($10::float8, 1),
            $11::integer, $12::integer, $13::integer, $14::integer, $15::jsonb, $16::text[], $17, $18::smallint, $19::smallint)
        """

    static let upsertAccount =
        insertAccount + """
             ON CONFLICT (id) DO UPDATE SET account_name = excluded.account_name, provider = excluded.provider,
                api_key_encrypted = coalesce(excluded.api_key_encrypted, a.api_key_encrypted), base_url = excluded.base_url,
                mode = excluded.mode, quota_limit = excluded.quota_limit, quota_used = coalesce($8::bigint, a.quota_used),
                status = coalesce($9, a.status), health_score = coalesce($10::float8, a.health_score), rpm = excluded.rpm,
                tpm = excluded.tpm, concurrency = excluded.concurrency, weight = excluded.weight,
                settings = excluded.settings, models = excluded.models, quota_period = excluded.quota_period,
                quota_reset_hour = excluded.quota_reset_hour, quota_reset_day = excluded.quota_reset_day, updated_at = now()
            """

    static func parameters(_ entry: CatalogFile.AccountEntry, _ key: String?) -> [PostgresParameter] {
        let account = entry.account
        let settings = JSON.object(
            account.settings.sorted { $0.key < $1.key }.reduce(into: JSONObject()) { $0.set($1.key, .string($1.value)) }
        )
        return [
            .text(account.id), .text(account.accountName), .text(account.provider.rawValue), .text(key),
            .text(account.baseURL), .text(account.mode), .int(account.quotaLimit),
            entry.givesQuotaUsed ? .int(account.quotaUsed) : .null,
            entry.givesStatus ? .text(account.status.rawValue) : .null,
            entry.givesHealth ? .double(account.healthScore) : .null, .int(account.requestsPerMinute),
            .int(account.tokensPerMinute), .int(account.concurrency), .int(account.weight),
            .text(String(decoding: settings.encoded, as: UTF8.self)), .array(account.models),
            .text(account.quotaPeriod.rawValue), .int(account.quotaResetHour), .int(account.quotaResetDay),
        ]
    }
}

extension Model {
    /// `nil` for a platform that only a newer build knows.
    init?(row: PostgresRow) throws(PostgresError) {
        guard let provider = Provider(rawValue: try row.required("provider")) else { return nil }
        var capabilities: [String: Bool] = [:]
        for member in try row.json("capabilities").objectValue?.members ?? [] {
            capabilities[member.key] = member.value.boolValue
        }
        let flat: Double? = try row.value("cost_per_1k_tokens")
        self.init(
            id: try row.required("id"), name: try row.required("name"), provider: provider,
            modelID: try row.required("model_id"), maxTokens: try row.value("max_tokens"),
            contextTokens: try row.value("context_tokens"),
            prices: Prices(
                input: try row.required("input_price"), cachedInput: try row.required("cached_input_price"),
                cacheWrite: try row.value("cache_write_price"),
                hourlyCacheWrite: try row.value("cache_write_1h_price"), output: try row.required("output_price"),
                currency: try row.required("currency"), shares: CacheShares(provider, costPer1kTokens: flat)),
            costPer1kTokens: flat,
            priority: try row.required("priority"), weight: try row.required("weight"),
            isActive: try row.bool("is_active"), capabilities: Capabilities(capabilities),
            aliases: (try row.json("alias_list").arrayValue ?? []).compactMap(\.stringValue),
            fallbackModels: (try row.json("fallback_list").arrayValue ?? []).compactMap(\.stringValue),
            routingStrategy: try row.text("routing_strategy"), cacheTTL: try row.value("cache_ttl"),
            idleTimeout: try row.value("idle_timeout"))
    }
}

extension Account {
    /// `nil` for a platform that only a newer build knows.
    init?(row: PostgresRow) throws(PostgresError) {
        guard let provider = Provider(rawValue: try row.required("provider")) else { return nil }
        var settings: [String: String] = [:]
        for member in try row.json("settings").objectValue?.members ?? [] {
            settings[member.key] = member.value.stringValue
        }
        self.init(
            id: try row.required("id"), accountName: try row.required("account_name"), provider: provider,
            apiKeyEncrypted: try row.text("api_key_encrypted"), baseURL: try row.text("base_url"),
            mode: try row.text("mode"), quotaLimit: try row.value("quota_limit"),
            quotaUsed: try row.required("quota_used"),
            status: Status(rawValue: try row.required("status")) ?? .disabled,
            statusReason: try row.text("status_reason"), healthScore: try row.required("health_score"),
            requestsPerMinute: try row.value("rpm"), tokensPerMinute: try row.value("tpm"),
            concurrency: try row.value("concurrency"), weight: try row.required("weight"), settings: settings,
            models: (try row.json("model_list").arrayValue ?? []).compactMap(\.stringValue),
            quotaPeriod: QuotaPeriod(rawValue: try row.required("quota_period")) ?? .total,
            quotaResetHour: try row.required("quota_reset_hour"), quotaResetDay: try row.required("quota_reset_day"))
    }
}
