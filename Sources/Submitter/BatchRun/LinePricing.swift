import Shared

/// Estimates what a line may take before it is sent (pure).
struct LinePricing {
    let catalog: CatalogSnapshot?
    let provider: Provider?

    /// Chosen: an answer of a model that the catalogue gives no bound for.
    private static let usualAnswer = 4096

    /// The prompt counts half as much again, since an estimate must not be too low here.
    func share(of request: ModelRequest, bytes: Int) -> BatchPace.Share {
        let models = catalog?.models(matching: request.model, provider: provider).filter(\.isActive) ?? []
        var (prompt, answer) = (0, 0)
        var longest: Int? = 0
        switch request {
        case .chat(let chat):
            prompt = TokenEstimate.prompt(of: chat)
            let most = chat.maxTokens ?? models.compactMap(\.maxTokens).max() ?? Self.usualAnswer
            longest = chat.maxTokens.map { Bounds.count($0) * chat.n.clamped(to: 1...128) }
            answer = Bounds.count(most) * chat.n.clamped(to: 1...128)
        case .embeddings(let embeddings):
            prompt = embeddings.texts?.reduce(0) { $0 + TokenEstimate(of: $1).tokens } ?? embeddings.tokenCount
        }
        let most = TokenUsage(input: Bounds.count(prompt) / 2 * 3 + 50, output: Bounds.count(answer))
        return BatchPace.Share(
            bytes: bytes, tokens: Bounds.count(prompt), longestAnswer: longest,
            mostCost: models.map { $0.prices.cost(of: most) }.max() ?? 0)
    }
}
