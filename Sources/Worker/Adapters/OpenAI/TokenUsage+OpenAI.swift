/// Reads OpenAI's `usage` object, which most platforms send; native ones fill `TokenUsage` themselves.
import Shared

extension TokenUsage {
    /// `nil` for null and for an object that counts nothing we know.
    ///
    /// `prompt_tokens` includes the cached ones and `completion_tokens` the reasoning, as at OpenAI.
    init?(openAI value: JSON?) {
        guard let usage = value?.objectValue else { return nil }
        let prompt = usage["prompt_tokens"]?.count
        let completion = usage["completion_tokens"]?.count
        guard prompt != nil || completion != nil else { return nil }
        self.init()
        input = prompt ?? 0
        output = completion ?? 0
        cached = usage["prompt_tokens_details"]?["cached_tokens"]?.count ?? 0
        reasoning = usage["completion_tokens_details"]?["reasoning_tokens"]?.count ?? 0
    }
}
