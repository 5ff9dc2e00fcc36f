/// The rows as JSON in Redis, keys of accounts in sealed form only.
///
///     {"as_of":1700000000000,"version":"…","rows":[{"id":…},…]}
///
/// Members are named like the columns; missing ones have their defaults and unknown ones are ignored, so that builds of
/// different ages can share a copy. Rows of platforms that only a newer build knows are left out, as from PostgreSQL.
extension VersionedCatalog {
    var encodedModels: [UInt8] { stamp.encoded(snapshot.models.map(\.json)) }
    var encodedAccounts: [UInt8] { stamp.encoded(snapshot.accounts.map(\.json)) }

    /// `nil` for what no version of this service has written; stamped with the older of the two.
    init?(models: [UInt8], accounts: [UInt8]) {
        guard let models = Self.rows(models), let accounts = Self.rows(accounts) else { return nil }
        self.init(
            snapshot: CatalogSnapshot(
                models: models.rows.compactMap(Model.init(json:)),
                accounts: accounts.rows.compactMap(Account.init(json:))),
            stamp: models.stamp.asOf < accounts.stamp.asOf ? models.stamp : accounts.stamp)
    }

    private static func rows(_ bytes: [UInt8]) -> (stamp: Stamp, rows: [JSON])? {
        guard let json = try? JSON(parsing: bytes), let rows = json["rows"]?.arrayValue,
            let version = json["version"]?.stringValue, let asOf = json["as_of"]?.moment
        else { return nil }
        return (Stamp(version: version, asOf: asOf), rows)
    }
}

extension VersionedCatalog.Stamp {
    /// Longer than the longest head of a copy.
    static let headLength = 160

    /// As it stands before the rows; a version holds no quotes.
    private var head: String { #"{"as_of":\#(asOf),"version":"\#(version)","rows":"# }

    func encoded(_ rows: [JSON]) -> [UInt8] {
        Array(head.utf8) + JSON.array(rows).encoded + [UInt8(ascii: "}")]
    }

    /// From the first `headLength` bytes of a copy, which may be megabytes.
    init?(head: String) {
        let parts = head.split(separator: "\"", maxSplits: 6, omittingEmptySubsequences: false)
        guard parts.count > 6, parts[1] == "as_of", parts[3] == "version",
            let asOf = Int64(parts[2].dropFirst().dropLast())
        else { return nil }
        self.init(version: String(parts[5]), asOf: asOf.clamped(to: Bounds.moments))
    }
}

extension Model {
    var json: JSON {
        var row: JSONObject = [
            "id": .string(id), "name": .string(name), "provider": .string(provider.rawValue),
            "model_id": .string(modelID), "prices": prices.json, "priority": .int(priority), "weight": .int(weight),
            "is_active": .bool(isActive),
            "capabilities": .object(capabilities.named.wire(JSON.bool)),
            "aliases": .array(aliases.map(JSON.string)), "fallback_models": .array(fallbackModels.map(JSON.string)),
        ]
        row.set("max_tokens", maxTokens)
        row.set("context_tokens", contextTokens)
        row.set("cost_per_1k_tokens", costPer1kTokens)
        row.set("routing_strategy", routingStrategy)
        row.set("cache_ttl", cacheTTL)
        row.set("idle_timeout", idleTimeout)
        row.set("cache_write_prices", prices.cacheWriteJSON)
        return .object(row)
    }

    init?(json: JSON) {
        guard let id = json["id"]?.stringValue,
            let provider = json["provider"]?.stringValue.flatMap(Provider.init(rawValue:))
        else { return nil }
        let flat = json["cost_per_1k_tokens"]?.doubleValue
        self.init(
            id: id, name: json["name"]?.stringValue, provider: provider, modelID: json["model_id"]?.stringValue,
            maxTokens: json.column("max_tokens", from: 1), contextTokens: json.column("context_tokens", from: 1),
            prices: Prices(
                json: json["prices"], cacheWrites: json["cache_write_prices"],
                // A copy that a build of before wrote says nothing of them.
                shares: CacheShares(provider, costPer1kTokens: flat)) ?? Prices(),
            costPer1kTokens: flat,
            priority: json.column("priority", from: Int(Int32.min)) ?? 0,
            weight: json.column("weight", from: 1) ?? 1, isActive: json["is_active"]?.boolValue ?? false,
            capabilities: Capabilities(json.members("capabilities", \.boolValue)), aliases: json.texts("aliases"),
            fallbackModels: json.texts("fallback_models"), routingStrategy: json["routing_strategy"]?.stringValue,
            cacheTTL: json.column("cache_ttl", from: 1), idleTimeout: json.column("idle_timeout", from: 1))
    }
}

extension Account {
    var json: JSON {
        var row: JSONObject = [
            "id": .string(id), "account_name": .string(accountName), "provider": .string(provider.rawValue),
            "quota_used": .int(Int(quotaUsed)), "status": .string(status.rawValue),
            "health_score": JSONNumber(healthScore).map(JSON.number) ?? .int(1), "weight": .int(weight),
            "settings": .object(settings.wire(JSON.string)), "models": .array(models.map(JSON.string)),
            "quota_period": .string(quotaPeriod.rawValue), "quota_reset_hour": .int(quotaResetHour),
            "quota_reset_day": .int(quotaResetDay),
        ]
        row.set("api_key_encrypted", apiKeyEncrypted)
        row.set("base_url", baseURL)
        row.set("mode", mode)
        row.set("quota_limit", quotaLimit.map { Int($0) })
        row.set("status_reason", statusReason)
        row.set("rpm", requestsPerMinute)
        row.set("tpm", tokensPerMinute)
        row.set("concurrency", concurrency)
        return .object(row)
    }

    init?(json: JSON) {
        guard let id = json["id"]?.stringValue,
            let provider = json["provider"]?.stringValue.flatMap(Provider.init(rawValue:))
        else { return nil }
        self.init(
            id: id, accountName: json["account_name"]?.stringValue, provider: provider,
            apiKeyEncrypted: json["api_key_encrypted"]?.stringValue, baseURL: json["base_url"]?.stringValue,
            mode: json["mode"]?.stringValue, quotaLimit: json["quota_limit"]?.whole(in: 0...Int.max).map { Int64($0) },
            quotaUsed: Int64(json["quota_used"]?.whole(in: 0...Int.max) ?? 0),
            status: json["status"]?.stringValue.flatMap(Status.init) ?? .disabled,
            statusReason: json["status_reason"]?.stringValue, healthScore: json["health_score"]?.doubleValue ?? 1,
            requestsPerMinute: json.column("rpm", from: 1), tokensPerMinute: json.column("tpm", from: 1),
            concurrency: json.column("concurrency", from: 1), weight: json.column("weight", from: 1) ?? 1,
            settings: json.members("settings", \.stringValue), models: json.texts("models"),
            quotaPeriod: json["quota_period"]?.stringValue.flatMap(QuotaPeriod.init) ?? .total,
            quotaResetHour: json["quota_reset_hour"]?.whole(in: 0...23) ?? 0,
            quotaResetDay: json["quota_reset_day"]?.whole(in: 1...28) ?? 1)
    }
}

extension Dictionary where Key == String {
    fileprivate func wire(_ value: (Value) -> JSON) -> JSONObject {
        sorted { $0.key < $1.key }.reduce(into: JSONObject()) { $0.set($1.key, value($1.value)) }
    }
}

extension JSON {
    /// A number of an `integer` column.
    fileprivate func column(_ name: String, from least: Int) -> Int? {
        self[name]?.whole(in: least...Int(Int32.max))
    }

    fileprivate func texts(_ name: String) -> [String] { (self[name]?.arrayValue ?? []).compactMap(\.stringValue) }

    fileprivate func members<Value>(_ name: String, _ value: (JSON) -> Value?) -> [String: Value] {
        var all: [String: Value] = [:]
        for member in self[name]?.objectValue?.members ?? [] { all[member.key] = value(member.value) }
        return all
    }
}

extension JSONObject {
    fileprivate mutating func set(_ name: String, _ value: String?) { if let value { set(name, .string(value)) } }
    fileprivate mutating func set(_ name: String, _ value: Int?) { if let value { set(name, .int(value)) } }
    fileprivate mutating func set(_ name: String, _ value: Double?) {
        if let number = value.flatMap({ JSONNumber($0) }) { set(name, .number(number)) }
    }
}
