/// The tokens that one attempt used.
///
/// Every count is within `Bounds.counts`, whatever a platform says, so that sums of them cannot overflow.
package struct TokenUsage: Sendable, Equatable {
    /// The prompt, `cached` included.
    package var input: Int { didSet { input = Bounds.count(input) } }
    /// The answer, `reasoning` included.
    package var output: Int { didSet { output = Bounds.count(output) } }
    package var cached: Int { didSet { cached = Bounds.count(cached) } }
    package var reasoning: Int { didSet { reasoning = Bounds.count(reasoning) } }
    /// The part of the prompt that the platform wrote into its cache for later requests, `hourlyCacheWrites` included.
    package var cacheWrites: Int { didSet { cacheWrites = Bounds.count(cacheWrites) } }
    /// Written to be kept for an hour instead of minutes, which costs more.
    package var hourlyCacheWrites: Int { didSet { hourlyCacheWrites = Bounds.count(hourlyCacheWrites) } }
    /// Our own count, since the platform reported none (or the attempt ended early).
    package var isEstimated: Bool

    package init(
        input: Int = 0, output: Int = 0, cached: Int = 0, reasoning: Int = 0, cacheWrites: Int = 0,
        hourlyCacheWrites: Int = 0, isEstimated: Bool = false
    ) {
        self.input = Bounds.count(input)
        self.output = Bounds.count(output)
        self.cached = Bounds.count(cached)
        self.reasoning = Bounds.count(reasoning)
        self.cacheWrites = Bounds.count(cacheWrites)
        self.hourlyCacheWrites = Bounds.count(hourlyCacheWrites)
        self.isEstimated = isEstimated
    }
}
