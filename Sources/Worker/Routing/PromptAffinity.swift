import Shared

/// Names the conversation of a request, so that it stays on the account whose platform has its beginning cached.
///
/// Pure. In: a request. Out: a key that all requests of one conversation share, of one tenant and one model, or `nil`
/// for requests too short for any platform's cache. The key is made of `prompt_cache_key` where the caller gives one,
/// else of the messages before the second answer.
struct PromptAffinity: Sendable {
    /// Prompt tokens from which on it is worth it: the least that OpenAI, Anthropic and DashScope cache is 1,024.
    let leastTokens: Int

    func key(of request: ModelRequest, _ job: Job, _ candidates: Candidates) -> String? {
        guard candidates.promptTokens >= leastTokens, case .chat(let chat) = request,
            candidates.options.contains(where: { $0.routes.count > 1 })
        else { return nil }
        var bytes = Array("\(job.tenant)\n\(chat.model)\n".utf8)
        if let key = chat.body["prompt_cache_key"]?.stringValue {
            bytes += Array(key.utf8)
        } else {
            for message in chat.messages.prefix(2) { bytes += message.encoded.prefix(4096) }
        }
        return String(bytes.sha256Hex.prefix(32))
    }
}
