/// Models and accounts as JSON by the names of the catalogue file, never with a key.
extension Model {
    package var view: JSON {
        var view = JSONObject()
        view.set("id", .string(id))
        view.set("name", .string(name))
        view.set("provider", .string(provider.rawValue))
        view.set("model_id", .string(modelID))
        view.set("max_tokens", .whole(maxTokens))
        view.set("context_tokens", .whole(contextTokens))
        view.set("cost_per_1k_tokens", .real(costPer1kTokens))
        view.set("input_price", .real(prices.input))
        view.set("cached_input_price", .real(prices.cachedInput))
        view.set("cache_write_price", .real(prices.cacheWrite))
        view.set("cache_write_1h_price", .real(prices.hourlyCacheWrite))
        view.set("output_price", .real(prices.output))
        view.set("currency", .string(prices.currency))
        view.set("priority", .int(priority))
        view.set("weight", .int(weight))
        view.set("is_active", .bool(isActive))
        view.set("capabilities", .named(capabilities.named.mapValues { .bool($0) }))
        view.set("aliases", .texts(aliases))
        view.set("fallback_models", .texts(fallbackModels))
        view.set("routing_strategy", .text(routingStrategy))
        view.set("cache_ttl", .whole(cacheTTL))
        view.set("idle_timeout", .whole(idleTimeout))
        return .object(view)
    }
}

extension Account {
    /// What stands in place of every secret.
    package static let mask = "****"

    /// With `has_key`, the key masked, and only the names of the extra headers.
    package var view: JSON {
        var view = fields
        if let headers = settings["headers"] {
            var shown = settings
            shown["headers"] = Self.masked(headers: headers)
            view.set("settings", .named(shown.mapValues { .string($0) }))
        }
        view.set("status", .string(status.rawValue))
        view.set("status_reason", .text(statusReason))
        view.set("quota_used", .number(JSONNumber(quotaUsed)))
        view.set("health_score", .real(healthScore))
        view.set("has_key", .bool(apiKeyEncrypted != nil))
        if apiKeyEncrypted != nil { view.set("api_key", .string(Self.mask)) }
        return .object(view)
    }

    /// What people set, as it is, without key and state.
    var fields: JSONObject {
        var fields = JSONObject()
        fields.set("id", .string(id))
        fields.set("account_name", .string(accountName))
        fields.set("provider", .string(provider.rawValue))
        fields.set("base_url", .text(baseURL))
        fields.set("mode", .text(mode))
        fields.set("models", .texts(models))
        fields.set("weight", .int(weight))
        fields.set("rpm", .whole(requestsPerMinute))
        fields.set("tpm", .whole(tokensPerMinute))
        fields.set("concurrency", .whole(concurrency))
        fields.set("quota_limit", quotaLimit.map { .number(JSONNumber($0)) } ?? .null)
        fields.set("quota_period", .string(quotaPeriod.rawValue))
        fields.set("quota_reset_hour", .int(quotaResetHour))
        fields.set("quota_reset_day", .int(quotaResetDay))
        fields.set("settings", .named(settings.mapValues { .string($0) }))
        return fields
    }

    /// A header's value may be a credential.
    static func masked(headers: String) -> String {
        headers.split(whereSeparator: \.isNewline).map { line in
            "\(line.prefix { $0 != ":" }): \(mask)"
        }.joined(separator: "\n")
    }
}

extension JSON {
    fileprivate static func whole(_ value: Int?) -> JSON { value.map { .int($0) } ?? .null }
    fileprivate static func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
    fileprivate static func texts(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }

    fileprivate static func real(_ value: Double?) -> JSON {
        value.flatMap { JSONNumber($0) }.map(JSON.number) ?? .null
    }

    fileprivate static func named(_ values: [String: JSON]) -> JSON {
        .object(values.sorted { $0.key < $1.key }.reduce(into: JSONObject()) { $0.set($1.key, $1.value) })
    }
}
