/// The fields of a model, in the order of answers to people.
extension Model {
    static let fields: [CatalogField<Model>] =
        [
            .identity("id", read: { $1.id = $0.required("id") }) { $0.id },
            .name("name", \.name, id: \.id),
            .identity("provider", read: { $1.provider = $0.provider() ?? .sandbox }) { $0.provider.rawValue },
            .name("model_id", \.modelID, id: \.id),
            .whole("max_tokens", \.maxTokens, from: 1),
            .whole("context_tokens", \.contextTokens, from: 1),
        ] + priceFields + [
            .whole(
                "priority", \.priority, stored: Int(Int32.min)...Int(Int32.max),
                read: { $0.whole("priority", from: -1_000_000) }),
            .whole("weight", \.weight, stored: 1...Int(Int32.max), read: { $0.whole("weight", from: 1) }),
            CatalogField(
                name: "is_active", shape: .flag, sqlType: "boolean", value: { .bool($0.isActive) },
                parameter: { .bool($0.isActive) }, read: { $1.isActive = $0.bool("is_active") ?? true },
                load: { row, model throws(PostgresError) in model.isActive = try row.bool("is_active") },
                decode: { $1.isActive = $0["is_active"]?.boolValue ?? false }),
            .named(
                "capabilities", \.capabilities.named, shape: .flags, json: { .bool($0) }, value: { $0.boolValue },
                read: { $0.flags("capabilities") }),
            .texts("aliases", \.aliases),
            .texts("fallback_models", \.fallbackModels),
            .text("routing_strategy", \.routingStrategy) {
                $1.routingStrategy = ($0.choice("routing_strategy") as RoutingStrategyName?)?.rawValue
            },
            .whole("cache_ttl", \.cacheTTL, from: 1),
            .whole("idle_timeout", \.idleTimeout, from: 1),
        ]

    /// Read before the others, since these follow from them, and mistakes are told in this order.
    static let readFirst = ["cost_per_1k_tokens", "input_price", "provider"]

    /// A new row is what a file names and the defaults of the rest.
    init(_ reader: inout CatalogReader) {
        self.init(id: "", provider: .sandbox)
        reader.read(Self.fields, first: Self.readFirst, into: &self)
    }

    /// `nil` for a platform that only a newer build knows.
    init?(row: PostgresRow) throws(PostgresError) {
        guard let provider = Provider(rawValue: try row.required("provider")) else { return nil }
        self.init(id: try row.required("id"), provider: provider)
        for field in Self.fields { try field.load(row, &self) }
    }

    package var view: JSON {
        .object(Self.fields.reduce(into: JSONObject()) { $0.set($1.name, $1.value(self)) })
    }
}

// MARK: - Prices

/// Prices are read together, since those that are not given follow from the others.
extension Model {
    private static let priceFields: [CatalogField<Model>] = [
        CatalogField(
            name: "cost_per_1k_tokens", shape: .number, sqlType: "float8", value: { .optional($0.costPer1kTokens) },
            parameter: { .double($0.costPer1kTokens) },
            read: { $1.costPer1kTokens = $0.number("cost_per_1k_tokens") },
            load: { row, model throws(PostgresError) in
                model.costPer1kTokens = try row.value("cost_per_1k_tokens")
                try model.loadPrices(row)
            },
            decode: { json, model in
                model.costPer1kTokens = json["cost_per_1k_tokens"]?.doubleValue
                model.prices =
                    Prices(json: json["prices"], cacheWrites: json["cache_write_prices"], shares: model.cacheShares)
                    ?? Prices()
            }),
        .price("input_price", \.input, read: { $1.prices.input = $0.number("input_price") ?? $1.flatPrice ?? 0 }),
        .price("cached_input_price", \.cachedInput, read: { $1.readPrices(&$0) }),
        .price("cache_write_price", \.cacheWrite, follows: true),
        .price("cache_write_1h_price", \.hourlyCacheWrite, follows: true),
        .price("output_price", \.output),
        CatalogField(
            name: "currency", shape: .text, isCopied: false, sqlType: "", value: { .string($0.prices.currency) },
            parameter: { .text($0.prices.currency) }, read: { _, _ in }, load: { _, _ in }, decode: { _, _ in }),
    ]

    private var cacheShares: CacheShares { CacheShares(provider, costPer1kTokens: costPer1kTokens) }
    /// Per million tokens.
    private var flatPrice: Double? { costPer1kTokens.map { $0 * 1000 } }

    private mutating func readPrices(_ reader: inout CatalogReader) {
        prices = Prices(
            input: prices.input, cachedInput: reader.number("cached_input_price"),
            cacheWrite: reader.number("cache_write_price"), hourlyCacheWrite: reader.number("cache_write_1h_price"),
            output: reader.number("output_price") ?? flatPrice ?? 0,
            currency: reader.text("currency", upTo: Bounds.currency) ?? "USD", shares: cacheShares)
    }

    private mutating func loadPrices(_ row: PostgresRow) throws(PostgresError) {
        prices = Prices(
            input: try row.required("input_price"), cachedInput: try row.required("cached_input_price"),
            cacheWrite: try row.value("cache_write_price"), hourlyCacheWrite: try row.value("cache_write_1h_price"),
            output: try row.required("output_price"), currency: try row.required("currency"), shares: cacheShares)
    }

    /// `nil` for a price that follows the input's.
    ///
    /// It is not written, so that it goes on following later changes.
    fileprivate func own(_ price: KeyPath<Prices, Double>) -> Double? {
        let own = prices[keyPath: price]
        return own == Prices(input: prices.input, shares: cacheShares)[keyPath: price] ? nil : own
    }
}

extension CatalogField where Row == Model {
    fileprivate static func price(
        _ name: String, _ path: any KeyPath<Prices, Double> & Sendable, follows: Bool = false,
        read: @escaping @Sendable (inout CatalogReader, inout Model) -> Void = { _, _ in }
    ) -> Self {
        Self(
            name: name, shape: .number, isCopied: false, sqlType: "float8",
            value: { .optional($0.prices[keyPath: path]) },
            parameter: { .double(follows ? $0.own(path) : $0.prices[keyPath: path]) }, read: read,
            load: { _, _ in }, decode: { _, _ in })
    }
}
