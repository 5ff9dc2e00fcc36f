import Shared

/// Log probabilities of a choice in OpenAI's shape.
///
/// These are the lists of the content and of the refusal, each null where there is none.
enum OpenAILogprobs {
    static func mended(_ value: JSON?) -> JSON {
        guard var logprobs = value?.objectValue else { return .null }
        for name in ["content", "refusal"] where logprobs[name] == nil { logprobs.set(name, .null) }
        return .object(logprobs)
    }
}
