import Shared

/// Adds up what the lines of a file may cost, by model (pure).
///
/// Prompts are estimated (`TokenEstimate`). The least is a prompt with one token of each answer, by the cheapest model
/// of the name. The most has answers of `max_tokens`, else of the model's own bound, by the dearest model. It is unknown
/// where neither bound is known.
struct CostForecast {
    struct Sum: Equatable {
        var lines = 0
        var promptTokens = 0
        var leastAnswer = 0
        /// `nil`: unknown.
        var mostAnswer: Int? = 0
        var currency = "USD"
        var leastCost = 0.0
        var mostCost: Double? = 0
    }

    let catalog: CatalogSnapshot
    let provider: Provider?
    private(set) var sums: [String: Sum] = [:]

    init(catalog: CatalogSnapshot, provider: Provider?) {
        self.catalog = catalog
        self.provider = provider
    }

    mutating func add(_ request: ModelRequest) {
        let needs = RequestNeeds(request)
        let models = catalog.models(matching: request.model, provider: provider).filter {
            $0.isActive && needs.areMet(by: $0)
        }
        // Amounts of two currencies cannot be compared.
        let currency = models.first?.prices.currency ?? "USD"
        let prices = models.map(\.prices).filter { $0.currency == currency }
        let prompt = Bounds.count(TokenEstimate.prompt(of: request))
        let (least, most) = Self.answer(to: request, models)
        sums[request.model, default: Sum()].add(prompt, least, most, prices, currency)
    }

    private static func answer(to request: ModelRequest, _ models: [Model]) -> (least: Int, most: Int?) {
        guard case .chat(let chat) = request else { return (0, 0) }
        let count = chat.n.clamped(to: 1...128)
        let bounds = models.map(\.maxTokens)
        let modelBound = bounds.contains(nil) ? nil : bounds.compactMap(\.self).max()
        return (count, (chat.maxTokens ?? modelBound).map { Bounds.count($0) * count })
    }
}

extension CostForecast.Sum {
    fileprivate mutating func add(
        _ prompt: Int, _ least: Int, _ most: Int?, _ prices: [Prices], _ currency: String
    ) {
        lines += 1
        promptTokens = promptTokens.addingClamped(prompt)
        leastAnswer = leastAnswer.addingClamped(least)
        mostAnswer = mostAnswer.flatMap { sum in most.map { sum.addingClamped($0) } }
        self.currency = currency
        let cheapest = prices.map { $0.cost(of: TokenUsage(input: prompt, output: least)) }.min()
        leastCost += cheapest ?? 0
        let dearest = most.flatMap { most in prices.map { $0.cost(of: TokenUsage(input: prompt, output: most)) }.max() }
        mostCost = mostCost.flatMap { sum in dearest.map { sum + $0 } }
    }
}
