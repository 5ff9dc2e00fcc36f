import Shared

/// Expected cost of a request on a model, for comparisons before anything is known about its answer.
struct ExpectedCost: Sendable, Equatable {
    /// Chosen: a middling answer.
    ///
    /// Callers who set a limit set it far above what they get, so it counts only where lower.
    static let usualAnswer = 500

    var promptTokens: Int
    /// All answers of the request together.
    var outputTokens: Int
    var rates: CurrencyRates

    init(promptTokens: Int, outputTokens: Int, rates: CurrencyRates = CurrencyRates()) {
        self.promptTokens = promptTokens
        self.outputTokens = outputTokens
        self.rates = rates
    }

    init(of request: ModelRequest, promptTokens: Int, rates: CurrencyRates = CurrencyRates()) {
        var output = 0
        if case .chat(let chat) = request {
            output = min(max(chat.maxTokens ?? .max, 0), ExpectedCost.usualAnswer) * max(chat.n, 1)
        }
        self.init(promptTokens: promptTokens, outputTokens: output, rates: rates)
    }

    /// In US dollars.
    func on(_ model: Model) -> Double {
        let usage = TokenUsage(input: promptTokens, output: outputTokens)
        return model.prices.cost(of: usage) * rates.dollars(per: model.prices.currency)
    }
}
