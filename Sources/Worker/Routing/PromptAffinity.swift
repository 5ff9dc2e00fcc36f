import Shared

/// Which conversation a request belongs to, so that it can stay on the account whose platform has its beginning cached.
///
/// Pure. In: a request. Out: a name that all requests of one conversation share, of one tenant and one model; `nil` for those too short for
/// any platform's cache. Named by `prompt_cache_key` where the caller gives one, else by what stands before the second answer.
struct PromptAffinity: Sendable {
    /// Prompt tokens from which on it is worth it: the least that OpenAI, Anthropic and DashScope cache is 1,024.
    let leastTokens: Int

    func name(_ request: ModelRequest, _ job: Job, _ candidates: Candidates) -> String? {
        guard candidates.promptTokens >= leastTokens, case .chat(let chat) = request,
            candidates.options.contains(where: { $0.routes.count > 1 })
        else { return nil }
        var bytes = Array("\(job.tenant)\n\(chat.model)\n".utf8)
        if let key = chat.body["prompt_cache_key"]?.stringValue {
            bytes += Array(key.utf8)
        } else {
            for message in chat.messages.prefix(2) { bytes += message.encoded.prefix(4096) }
        }
        return String(RequestHash.hex(bytes).prefix(32))
    }
}
