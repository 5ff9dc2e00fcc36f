/// What the catalogue consists of; raw values are wire names.
package enum CatalogKind: String, Sendable, CaseIterable {
    case model, account

    var table: String { rawValue + "s" }

    /// `a model`, `an account`.
    package var withArticle: String { (self == .account ? "an " : "a ") + rawValue }

    /// Every field that people may give, by the names of the catalogue file, with the shape of its value.
    package var fields: [(name: String, shape: CatalogShape)] {
        switch self {
        case .model: Self.modelFields
        case .account: Self.accountFields
        }
    }

    package func shape(of field: String) -> CatalogShape? { fields.first { $0.name == field }?.shape }

    private static let modelFields: [(name: String, shape: CatalogShape)] = [
        ("id", .text), ("name", .text), ("provider", .text), ("model_id", .text), ("max_tokens", .number),
        ("context_tokens", .number), ("cost_per_1k_tokens", .number), ("input_price", .number),
        ("cached_input_price", .number), ("cache_write_price", .number), ("cache_write_1h_price", .number),
        ("output_price", .number), ("currency", .text), ("priority", .number),
        ("weight", .number), ("is_active", .flag), ("capabilities", .flags), ("aliases", .list),
        ("fallback_models", .list), ("routing_strategy", .text), ("cache_ttl", .number),
        ("idle_timeout", .number),
    ]

    private static let accountFields: [(name: String, shape: CatalogShape)] = [
        ("id", .text), ("account_name", .text), ("provider", .text), ("api_key", .text), ("api_key_env", .text),
        ("api_key_file", .text), ("api_key_encrypted", .text), ("base_url", .text), ("mode", .text),
        ("quota_limit", .number), ("quota_used", .number), ("status", .text), ("health_score", .number),
        ("rpm", .number), ("tpm", .number), ("concurrency", .number), ("weight", .number), ("settings", .texts),
        ("models", .list), ("quota_period", .text), ("quota_reset_hour", .number), ("quota_reset_day", .number),
    ]
}

/// The JSON that a field takes; null stands for "not given" in all of them.
package enum CatalogShape: Sendable {
    case text, number, flag
    /// Of texts.
    case list
    /// Names with true or false.
    case flags
    /// Names with texts.
    case texts

    func accepts(_ value: JSON) -> Bool {
        switch (self, value) {
        case (_, .null), (.text, .string), (.number, .number), (.flag, .bool): true
        case (.list, .array(let elements)): elements.allSatisfy { $0.stringValue.map(Self.isPlain) ?? false }
        case (.flags, .object(let named)): named.members.allSatisfy { $0.value.boolValue != nil }
        // A line feed separates the `headers` of an account.
        case (.texts, .object(let named)):
            named.members.allSatisfy { $0.value.stringValue.map { !$0.utf8.contains(0) } ?? false }
        default: false
        }
    }

    var expected: String {
        switch self {
        case .text: "a text"
        case .number: "a number"
        case .flag: "true or false"
        case .list: "a list of texts"
        case .flags: "names with true or false"
        case .texts: "names with texts"
        }
    }

    private static func isPlain(_ text: String) -> Bool { !text.utf8.contains { $0 < 32 } }
}
