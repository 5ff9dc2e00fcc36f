import Yams

/// `CATALOG_FILE`: models and accounts as people write them, YAML or JSON.
///
/// In: the text. Out: models, and accounts with where their keys come from. All mistakes are reported together, each with the
/// path of its field and never with a value; unknown fields are mistakes too, since a misspelt limit would be no limit.
package struct CatalogFile: Sendable {
    package struct Mistakes: Error, CustomStringConvertible {
        package let list: [String]
        /// The path of the file, where it is one.
        package let source: String?

        package init(list: [String], source: String? = nil) {
            self.list = list
            self.source = source
        }

        package var description: String {
            ((source.map { "\($0) is wrong:" } ?? "the catalogue is wrong:") + "\n"
                + list.map { "  " + $0 }.joined(separator: "\n"))
        }
    }

    package enum KeySource: Sendable {
        case none
        case plain(Secret)
        case environment(String)
        case file(String)
        case sealed(String)
    }

    package struct AccountEntry: Sendable {
        package var account: Account
        package var key: KeySource
        package var givesQuotaUsed: Bool
        package var givesStatus: Bool
        package var givesHealth: Bool

        package init(
            account: Account, key: KeySource, givesQuotaUsed: Bool, givesStatus: Bool, givesHealth: Bool
        ) {
            self.account = account
            self.key = key
            self.givesQuotaUsed = givesQuotaUsed
            self.givesStatus = givesStatus
            self.givesHealth = givesHealth
        }

        /// The key as the database keeps it; `nil` for accounts without one.
        ///
        /// A mistake names the field, never the key.
        func sealedKey(_ box: SecretBox?) throws(Mistakes) -> String? {
            if case .sealed(let text) = key { return text }
            guard let secret = try key.secret() else { return nil }
            guard let box else {
                throw Mistakes(list: ["\(key.field): expected MASTER_KEY to be set, to seal the key"])
            }
            do { return try box.seal(secret, for: account.id) } catch {
                throw Mistakes(list: ["\(key.field): expected a key that can be sealed"])
            }
        }
    }

    package private(set) var models: [Model] = []
    package private(set) var accounts: [AccountEntry] = []

    /// What another source declares, an import.
    package init(models: [Model], accounts: [AccountEntry]) {
        self.models = models
        self.accounts = accounts
    }

    package init(path: String) throws(Mistakes) { try self.init(CatalogDraft(path: path)) }

    package init(text: String) throws(Mistakes) { try self.init(CatalogDraft(text: text)) }

    /// Each entry read alone, with defaults for what it does not name.
    init(_ draft: CatalogDraft) throws(Mistakes) {
        var mistakes = draft.mistakes
        for item in draft.items {
            let reading = CatalogEntry.reading(item.kind, item.given, isTyped: false)
            mistakes += reading.mistakes.map(item.located)
            switch reading.entry {
            case .model(let model): models.append(model)
            case .account(let account): accounts.append(account)
            }
        }
        if !mistakes.isEmpty { throw Mistakes(list: mistakes, source: draft.source) }
    }

    /// A syntax error is told by its place alone: the text around it may be a key.
    static func tree(_ text: String) throws(Mistakes) -> Node {
        do {
            return try Yams.compose(yaml: text) ?? Node([(Node, Node)]())
        } catch let error as YamlError {
            throw Mistakes(list: [place(of: error)])
        } catch {
            throw Mistakes(list: ["expected YAML or JSON"])
        }
    }

    /// The problem is one of the parser's constant sentences.
    private static func place(of error: YamlError) -> String {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "line \(mark.line): \(problem)"
        case .duplicatedKeysInMapping(_, let context): "line \(context.mark.line): a field is there twice"
        default: "expected YAML or JSON"
        }
    }

    static func model(_ field: inout CatalogReader) -> Model {
        field.known(CatalogKind.model.fields.map(\.name))
        let per1k = field.number("cost_per_1k_tokens")
        let flat = per1k.map { $0 * 1000 }
        let input = field.number("input_price") ?? flat ?? 0
        let provider = field.provider() ?? .sandbox
        return Model(
            id: field.required("id"), name: field.name("name"), provider: provider,
            modelID: field.name("model_id"),
            maxTokens: field.whole("max_tokens", from: 1), contextTokens: field.whole("context_tokens", from: 1),
            prices: Prices(
                input: input, cachedInput: field.number("cached_input_price"),
                cacheWrite: field.number("cache_write_price"), hourlyCacheWrite: field.number("cache_write_1h_price"),
                output: field.number("output_price") ?? flat ?? 0, currency: field.text("currency", upTo: 16) ?? "USD",
                shares: CacheShares(provider, costPer1kTokens: per1k)),
            costPer1kTokens: per1k,
            priority: field.whole("priority", from: -1_000_000) ?? 0, weight: field.whole("weight", from: 1) ?? 1,
            isActive: field.bool("is_active") ?? true, capabilities: Capabilities(field.flags("capabilities")),
            aliases: field.list("aliases"), fallbackModels: field.list("fallback_models"),
            routingStrategy: (field.choice("routing_strategy") as RoutingStrategyName?)?.rawValue,
            cacheTTL: field.whole("cache_ttl", from: 1), idleTimeout: field.whole("idle_timeout", from: 1))
    }

    static func account(_ field: inout CatalogReader) -> AccountEntry {
        field.known(CatalogKind.account.fields.map(\.name))
        let (used, status, health) = (
            field.whole("quota_used", from: 0, to: .max), field.choice("status") as Account.Status?,
            field.number("health_score")
        )
        if let health, health > 1 { field.wrong("health_score", "a number from 0 to 1") }
        let provider = field.provider()
        let account = Account(
            id: field.required("id"), accountName: field.name("account_name"), provider: provider ?? .sandbox,
            baseURL: field.address("base_url"), mode: field.mode(of: provider),
            quotaLimit: field.whole("quota_limit", from: 0, to: .max).map { Int64($0) }, quotaUsed: Int64(used ?? 0),
            status: status ?? .active, healthScore: health ?? 1, requestsPerMinute: field.whole("rpm", from: 1),
            tokensPerMinute: field.whole("tpm", from: 1), concurrency: field.whole("concurrency", from: 1),
            weight: field.whole("weight", from: 1) ?? 1, settings: field.texts("settings"),
            models: field.list("models"), quotaPeriod: field.choice("quota_period") ?? .total,
            quotaResetHour: field.whole("quota_reset_hour", in: 0...23) ?? 0,
            quotaResetDay: field.whole("quota_reset_day", in: 1...28) ?? 1
        )
        return AccountEntry(
            account: account, key: field.key(), givesQuotaUsed: used != nil, givesStatus: status != nil,
            givesHealth: health != nil)
    }
}
