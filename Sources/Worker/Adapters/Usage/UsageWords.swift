/// Platforms' words for token counts and their places, in one table for all platforms.
import Shared

enum UsageWords {
    indirect enum Place: Sendable {
        case part(UsageCounts.Part)
        case words([String: Place])
    }

    /// Members of a usage object.
    static let words: [String: Place] = [
        // OpenAI's chat, and most others.
        "prompt_tokens": .part(.prompt), "completion_tokens": .part(.output), "total_tokens": .part(.total),
        "prompt_tokens_details": .words(inputDetails), "completion_tokens_details": .words(outputDetails),
        // OpenAI's Responses, DashScope, Anthropic.
        "input_tokens": .part(.input), "output_tokens": .part(.output),
        "input_tokens_details": .words(inputDetails), "output_tokens_details": .words(outputDetails),
        "cache_read_input_tokens": .part(.read), "cache_creation_input_tokens": .part(.written),
        "cache_creation": .words(lives),
        // DeepSeek, Moonshot, and servers that report the thinking at the top.
        "prompt_cache_hit_tokens": .part(.cached), "cached_tokens": .part(.cached),
        "reasoning_tokens": .part(.reasoning),
        // Hunyuan.
        "PromptTokens": .part(.prompt), "CompletionTokens": .part(.output), "TotalTokens": .part(.total),
        "PromptTokensDetails": .words(["CachedTokens": .part(.cached)]),
        "CompletionTokensDetails": .words(["ReasoningTokens": .part(.reasoning)]),
        // Gemini.
        "promptTokenCount": .part(.prompt), "candidatesTokenCount": .part(.output), "totalTokenCount": .part(.total),
        "cachedContentTokenCount": .part(.cached), "thoughtsTokenCount": .part(.thoughts),
        // Ollama.
        "prompt_eval_count": .part(.prompt), "eval_count": .part(.output),
    ]

    /// Members of a response or a chunk that hold usage.
    ///
    /// Those of its choices are read apart.
    static let places: [String: Place] = [
        "usage": .words(words), "usageMetadata": .words(words),
        // Groq's streams.
        "x_groq": .words(["usage": .words(words)]),
        "prompt_eval_count": .part(.prompt), "eval_count": .part(.output),
        // llama.cpp.
        "timings": .words(["prompt_n": .part(.fresh), "cache_n": .part(.kept), "predicted_n": .part(.made)]),
    ]

    private static let inputDetails: [String: Place] = [
        "cached_tokens": .part(.cached),
        // Qwen's explicit cache, OpenRouter, LiteLLM.
        "cache_creation_input_tokens": .part(.writtenInside), "cache_write_tokens": .part(.writtenInside),
        "cache_creation_tokens": .part(.writtenInside), "cache_creation": .words(lives),
    ]

    private static let outputDetails: [String: Place] = [
        "reasoning_tokens": .part(.reasoning), "thinking_tokens": .part(.reasoning),
    ]

    private static let lives: [String: Place] = [
        "ephemeral_5m_input_tokens": .part(.shortLived), "ephemeral_1h_input_tokens": .part(.longLived),
    ]

    /// A number or the text of one, without its fraction, `nil` for anything else, and below 0.
    static func count(_ value: JSON) -> Int? {
        switch value {
        case .number(let number): (number.doubleValue ?? 1) < 0 ? nil : number.whole(in: Bounds.counts)
        case .string(let text):
            text.utf8.count <= 32
                ? Double(text).flatMap { $0 >= 0 ? Int(min($0, Double(Bounds.counts.upperBound))) : nil } : nil
        default: nil
        }
    }
}
