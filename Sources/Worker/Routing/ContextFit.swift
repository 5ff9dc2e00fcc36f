import Shared

/// Compares a request with what a model's context holds.
///
/// Our count is an estimate. Where it is up to a quarter too high, the platform would have taken the request. So only a
/// request that is too long at 0.8 times the estimate is refused here, and the platform decides about the rest.
struct ContextFit: Sendable, Equatable {
    static let benefitOfDoubt = 0.8

    /// Prompt and the answer asked for.
    ///
    /// Of embeddings it is the longest text, since each is read by itself.
    let tokens: Int

    init(of request: ModelRequest, promptTokens: Int) {
        switch request {
        case .chat(let chat): tokens = promptTokens + max(chat.maxTokens ?? 0, 0)
        case .embeddings(let embeddings): tokens = TokenEstimate.longestText(of: embeddings)
        }
    }

    func fits(_ model: Model) -> Bool {
        guard let limit = model.contextTokens else { return true }
        return Double(tokens) * ContextFit.benefitOfDoubt <= Double(limit)
    }

    /// `models` are those that were asked, none of which fits.
    func refusal(of request: ModelRequest, by models: [Model]) -> JobFailure {
        let limit = models.compactMap(\.contextTokens).max() ?? 0
        let isChat = request.operation == .chat
        let what = isChat ? "The prompt and the answer asked for need" : "The longest text needs"
        return JobFailure(
            .contextTooLong, "\(what) about \(tokens) tokens, and the model's context holds \(limit).",
            param: isChat ? "messages" : "input", code: "context_length_exceeded")
    }
}
