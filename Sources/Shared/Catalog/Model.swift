/// A model that callers can name: one row of `models`.
package struct Model: Sendable, Equatable {
    package var id: String
    package var name: String
    package var provider: Provider
    /// The platform's own id.
    package var modelID: String
    /// Tokens of an answer at most, or `nil` if unknown.
    package var maxTokens: Int?
    /// Tokens of prompt and answer together, or `nil` if unknown.
    package var contextTokens: Int?
    package var prices: Prices
    /// The catalogue's price where one holds for prompt and answer.
    ///
    /// `prices` hold the same per million.
    package var costPer1kTokens: Double?
    /// Higher is preferred.
    package var priority: Int
    package var weight: Int
    package var isActive: Bool
    package var capabilities: Capabilities
    package var aliases: [String]
    /// Models to try when this one cannot serve, by id.
    package var fallbackModels: [String]
    /// Replaces `DEFAULT_ROUTING_STRATEGY` for requests that name this model.
    package var routingStrategy: String?
    /// Seconds for which an answer may be given again to the same request, or `nil` for not at all.
    package var cacheTTL: Int?
    /// Seconds of silence within a stream after which its platform is given up, or `nil` for the worker's setting.
    package var idleTimeout: Int?

    package init(
        id: String, name: String? = nil, provider: Provider, modelID: String? = nil, maxTokens: Int? = nil,
        contextTokens: Int? = nil, prices: Prices = Prices(), costPer1kTokens: Double? = nil, priority: Int = 0,
        weight: Int = 1,
        isActive: Bool = true, capabilities: Capabilities = Capabilities(), aliases: [String] = [],
        fallbackModels: [String] = [], routingStrategy: String? = nil, cacheTTL: Int? = nil, idleTimeout: Int? = nil
    ) {
        self.id = id
        self.name = name ?? id
        self.provider = provider
        self.modelID = modelID ?? id
        self.maxTokens = maxTokens
        self.contextTokens = contextTokens
        self.prices = prices
        self.costPer1kTokens = costPer1kTokens
        self.priority = priority
        self.weight = weight
        self.isActive = isActive
        self.capabilities = capabilities
        self.aliases = aliases
        self.fallbackModels = fallbackModels
        self.routingStrategy = routingStrategy
        self.cacheTTL = cacheTTL
        self.idleTimeout = idleTimeout
    }
}

/// The capabilities of a model by the catalogue's names (`streaming`, `function_calling`, `vision`, `json_mode`, …).
///
/// A capability that is not mentioned counts as there: only an explicit `false` refuses a request.
package struct Capabilities: Sendable, Equatable {
    package var named: [String: Bool]

    package init(_ named: [String: Bool] = [:]) { self.named = named }

    package func has(_ capability: ChatRequest.Capability) -> Bool { named[capability.rawValue] ?? true }

    /// The model may be silent while it thinks.
    ///
    /// Such patience costs time, so the catalogue must say it.
    package var thinks: Bool { named["reasoning"] ?? false }

    /// Embeddings are the exception to that rule.
    ///
    /// A model makes them only where the catalogue says `embeddings: true`, and such a model does not chat unless it
    /// says `chat: true`, too.
    package func serves(_ operation: Job.Operation) -> Bool {
        let embeds = named["embeddings"] ?? false
        return operation == .embeddings ? embeds : named["chat"] ?? !embeds
    }
}
