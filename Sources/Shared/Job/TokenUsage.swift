/// What one attempt used, in tokens.
package struct TokenUsage: Sendable, Equatable {
    /// The prompt, `cached` included.
    package var input: Int
    /// The answer, `reasoning` included.
    package var output: Int
    package var cached: Int
    package var reasoning: Int
    /// Our own count, since the platform reported none (or the attempt ended early).
    package var isEstimated: Bool

    package init(input: Int = 0, output: Int = 0, cached: Int = 0, reasoning: Int = 0, isEstimated: Bool = false) {
        self.input = input
        self.output = output
        self.cached = cached
        self.reasoning = reasoning
        self.isEstimated = isEstimated
    }
}
