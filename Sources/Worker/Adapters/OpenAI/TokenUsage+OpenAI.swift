/// Reads OpenAI's `usage` object, which most platforms send; native ones fill `TokenUsage` themselves.
import Shared

extension TokenUsage {
    /// `nil` for null and for an object that counts nothing we know.
    ///
    /// `prompt_tokens` includes the cached ones and `completion_tokens` the reasoning, as at OpenAI.
    init?(openAI value: JSON?) {
        guard let usage = value?.objectValue else { return nil }
        let prompt = usage["prompt_tokens"]?.intValue
        let completion = usage["completion_tokens"]?.intValue
        guard prompt != nil || completion != nil else { return nil }
        self.init()
        input = max(0, prompt ?? 0)
        output = max(0, completion ?? 0)
        cached = max(0, usage["prompt_tokens_details"]?["cached_tokens"]?.intValue ?? 0)
        reasoning = max(0, usage["completion_tokens_details"]?["reasoning_tokens"]?.intValue ?? 0)
    }
}
