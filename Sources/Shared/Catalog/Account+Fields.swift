/// The fields of an account, in the order of answers to people.
extension Account {
    static let fields: [CatalogField<Account>] = [
        .identity("id", read: { $1.id = $0.required("id") }) { $0.id },
        .name("account_name", \.accountName, id: \.id),
        .identity("provider", read: { $1.provider = $0.provider() ?? .sandbox }) { $0.provider.rawValue },
        .text("base_url", \.baseURL) { $1.baseURL = $0.address("base_url") },
        .text("mode", \.mode) { $1.mode = $0.mode() },
        .texts("models", \.models),
        .whole("weight", \.weight, stored: 1...Int(Int32.max), read: { $0.whole("weight", from: 1) }),
        .whole("rpm", \.requestsPerMinute, from: 1),
        .whole("tpm", \.tokensPerMinute, from: 1),
        .whole("concurrency", \.concurrency, from: 1),
        .tokens("quota_limit", value: { .optional($0.quotaLimit) }, parameter: { .int($0.quotaLimit) }) {
            $0.quotaLimit = $1
        },
        .choice("quota_period", \.quotaPeriod, unknown: .total),
        .whole(
            "quota_reset_hour", \.quotaResetHour, stored: 0...23, sqlType: "smallint",
            read: { $0.whole("quota_reset_hour", in: 0...23) }),
        .whole(
            "quota_reset_day", \.quotaResetDay, stored: 1...28, sqlType: "smallint",
            read: { $0.whole("quota_reset_day", in: 1...28) }),
        .named(
            "settings", \.settings, shape: .texts, json: { .string($0) }, value: { $0.stringValue },
            read: { $0.texts("settings") }),
        .choice("status", \.status, role: .state(default: "'active'"), unknown: .disabled),
        .text("status_reason", \.statusReason, role: .readOnly) { _, _ in },
        .tokens(
            "quota_used", role: .state(default: "0"), value: { .optional($0.quotaUsed) },
            parameter: { .int($0.quotaUsed) }
        ) { $0.quotaUsed = $1 ?? 0 },
        CatalogField(
            name: "health_score", shape: .number, role: .state(default: "1"), sqlType: "float8",
            value: { .optional($0.healthScore) }, parameter: { .double($0.healthScore) },
            read: { reader, account in
                guard let health = reader.number("health_score") else { return }
                if health > 1 { reader.wrong("health_score", "a number from 0 to 1") }
                account.healthScore = health
            },
            load: { row, account throws(PostgresError) in account.healthScore = try row.required("health_score") },
            decode: { $1.healthScore = $0["health_score"]?.doubleValue ?? 1 }),
        .text("api_key_encrypted", \.apiKeyEncrypted, role: .key) { _, _ in },
    ]

    /// The ways to give a key, of which the last is its own column.
    static let keyFields = ["api_key", "api_key_env", "api_key_file", "api_key_encrypted"]

    /// Read before the others, which follow in the order of the file: mistakes are told in this order.
    private static let readFirst = ["quota_used", "status", "health_score", "provider"]

    /// The order of a catalogue file, in which fields are read and hints look for names.
    ///
    /// Fields that stand only in `fields` come last.
    static let fieldsOfFile: [CatalogField<Account>] = {
        let names = [
            "id", "account_name", "provider", "base_url", "mode", "quota_limit", "quota_used", "status",
            "health_score", "rpm", "tpm", "concurrency", "weight", "settings",
        ]
        let first = names.compactMap { name in fields.first { $0.name == name } }
        return first + fields.filter { !names.contains($0.name) && $0.role != .readOnly && $0.role != .key }
    }()

    /// The fields that the service changes, too.
    static var stateFields: [CatalogField<Account>] {
        fields.filter { if case .state = $0.role { true } else { false } }
    }

    /// A new row is what a file names and the defaults of the rest.
    init(_ reader: inout CatalogReader) {
        self.init(id: "", provider: .sandbox)
        reader.read(Self.fieldsOfFile, first: Self.readFirst, into: &self)
    }

    /// `nil` for a platform that only a newer build knows.
    init?(row: PostgresRow) throws(PostgresError) {
        guard let provider = Provider(rawValue: try row.required("provider")) else { return nil }
        self.init(id: try row.required("id"), provider: provider)
        for field in Self.fields { try field.load(row, &self) }
    }

    /// As people set it, without key and state.
    var given: JSONObject {
        Self.fields.filter { $0.role == .given }.reduce(into: JSONObject()) { $0.set($1.name, $1.value(self)) }
    }

    /// Everything that a file can name but the key, as it is.
    var comparable: JSONObject {
        Self.stateFields.reduce(into: given) { $0.set($1.name, $1.value(self)) }
    }

    /// With `has_key`, the key masked, and only the names of the extra headers.
    package var view: JSON {
        var view = given
        if let headers = settings["headers"] {
            var shown = settings
            shown["headers"] = Self.masked(headers: headers)
            view.set("settings", .named(shown.mapValues { .string($0) }))
        }
        for field in Self.fields where field.role != .given && field.role != .key {
            view.set(field.name, field.value(self))
        }
        view.set("has_key", .bool(apiKeyEncrypted != nil))
        if apiKeyEncrypted != nil { view.set("api_key", .string(Self.mask)) }
        return .object(view)
    }

    /// Stands in place of every secret.
    package static let mask = "****"

    /// The value of a header may be a credential.
    static func masked(headers: String) -> String {
        headers.split(whereSeparator: \.isNewline).map { line in
            "\(line.prefix { $0 != ":" }): \(mask)"
        }.joined(separator: "\n")
    }
}

extension CatalogField where Row == Account {
    /// A number of tokens, beyond 32 bits.
    fileprivate static func tokens(
        _ name: String, role: Role = .given, value: @escaping @Sendable (Account) -> JSON,
        parameter: @escaping @Sendable (Account) -> PostgresParameter,
        set: @escaping @Sendable (inout Account, Int64?) -> Void
    ) -> Self {
        Self(
            name: name, shape: .number, role: role, sqlType: "bigint", value: value, parameter: parameter,
            read: { set(&$1, $0.whole(name, from: 0, to: .max).map { Int64($0) }) },
            load: { row, account throws(PostgresError) in set(&account, try row.value(name)) },
            decode: { set(&$1, $0[name]?.whole(in: 0...Int.max).map { Int64($0) }) })
    }
}
