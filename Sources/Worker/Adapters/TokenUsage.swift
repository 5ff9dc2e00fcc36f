/// What one attempt used, in the platform's own count, by OpenAI's definitions.
package import Shared

package struct TokenUsage: Sendable, Equatable {
    /// Includes `cached`.
    package var prompt: Int
    /// Includes `reasoning`.
    package var completion: Int
    package var cached: Int
    package var reasoning: Int

    package var total: Int { prompt + completion }

    package init(prompt: Int, completion: Int, cached: Int = 0, reasoning: Int = 0) {
        self.prompt = prompt
        self.completion = completion
        self.cached = cached
        self.reasoning = reasoning
    }

    /// Reads an OpenAI `usage` object; `nil` for null and for one that counts nothing we know.
    package init?(openAI value: JSON?) {
        guard let usage = value?.objectValue else { return nil }
        let prompt = usage["prompt_tokens"]?.intValue
        let completion = usage["completion_tokens"]?.intValue
        guard prompt != nil || completion != nil else { return nil }
        self.init(
            prompt: max(0, prompt ?? 0), completion: max(0, completion ?? 0),
            cached: max(0, usage["prompt_tokens_details"]?["cached_tokens"]?.intValue ?? 0),
            reasoning: max(0, usage["completion_tokens_details"]?["reasoning_tokens"]?.intValue ?? 0))
    }

    /// As an OpenAI `usage` object.
    package var json: JSON {
        [
            "prompt_tokens": .int(prompt), "completion_tokens": .int(completion), "total_tokens": .int(total),
            "prompt_tokens_details": ["cached_tokens": .int(cached)],
            "completion_tokens_details": ["reasoning_tokens": .int(reasoning)],
        ]
    }
}
