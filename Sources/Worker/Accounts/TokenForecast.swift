import Shared

/// Forecasts how many tokens a request will use, learned per model from other requests.
///
/// In: our estimate of the prompt, the caller's limit for the answer. Out: tokens to reserve, rather too many, since
/// what a platform counts beyond the reservation may exceed the account's limit. The difference comes back when the
/// attempt is settled. Keeps to the highest of late, which sinks by a five-hundredth with each request.
struct TokenForecast: Sendable, Equatable {
    /// Answer tokens assumed where nothing was learned and the caller names no limit.
    let unknownAnswer: Int
    /// Tokens that platforms add to short prompts (frames, hidden instructions), where a ratio would mislead.
    private var overhead: Double?
    private var ratio: Double?
    private var answer: Double?
    private var samples = 0.0
    /// Chosen: below this the overhead weighs more than our estimate's error.
    private static let short = 256
    /// Room for answers beyond what was seen.
    private static let margin = 1.05
    /// Extra margin after the first sample, of which after n samples an n-th is left.
    ///
    /// Chosen: any three answers then cover others 1.7 times as long. Found by a test of 300 s in which a worker's
    /// first, short answers let a minute hold 10,090 tokens of 10,000.
    private static let doubt = 2.0

    init(unknownAnswer: Int) { self.unknownAnswer = unknownAnswer }

    func tokens(prompt: Int, answerLimit: Int?) -> Int {
        let learned =
            answer.map { $0 * (Self.margin + Self.doubt / samples) } ?? Double(answerLimit ?? unknownAnswer)
        let expected = min(learned, Double(answerLimit ?? Int.max))
        return max(1, Int((promptTokens(prompt) + expected).rounded(.up)))
    }

    mutating func learn(estimatedPrompt: Int, _ usage: TokenUsage) {
        guard !usage.isEstimated, usage.input + usage.output > 0 else { return }
        if estimatedPrompt < Self.short {
            overhead = Self.highest(Double(usage.input - estimatedPrompt), overhead)
        } else {
            ratio = Self.highest(Double(usage.input) / Double(estimatedPrompt), ratio)
        }
        answer = Self.highest(Double(usage.output), answer)
        samples += 1
    }

    private func promptTokens(_ estimate: Int) -> Double {
        let own = Double(estimate)
        guard estimate < Self.short else { return own * (ratio ?? 1) * Self.margin }
        return max(0, own + (overhead ?? 0)) * Self.margin
    }

    private static func highest(_ seen: Double, _ known: Double?) -> Double {
        guard let known, seen < known else { return seen }
        return known + 0.002 * (seen - known)
    }
}
