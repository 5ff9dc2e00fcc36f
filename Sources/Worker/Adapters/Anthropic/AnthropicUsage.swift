/// Reads Anthropic's `usage`, whose parts of the prompt do not overlap: read from the cache, written to it, neither.
import Shared

/// The last value of each count: a stream tells them at its start, and some again at its end.
struct AnthropicUsage: Sendable {
    private var counts: [String: Int] = [:]
    private var reasoning = 0

    /// `nil` until anything was counted.
    var tokens: TokenUsage? {
        guard !counts.isEmpty else { return nil }
        let cached = counts["cache_read_input_tokens"] ?? 0
        let input = (counts["input_tokens"] ?? 0) + (counts["cache_creation_input_tokens"] ?? 0) + cached
        return TokenUsage(
            input: input, output: counts["output_tokens"] ?? 0, cached: cached, reasoning: reasoning)
    }

    mutating func note(_ usage: JSON?) {
        for name in ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens"] {
            if let count = usage?[name]?.count { counts[name] = count }
        }
        if let count = usage?["output_tokens_details"]?["thinking_tokens"]?.count { reasoning = count }
    }
}
