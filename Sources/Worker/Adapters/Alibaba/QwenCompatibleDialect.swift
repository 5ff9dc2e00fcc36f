/// DashScope's OpenAI-compatible API, with the same models, rules and errors as the native one.
///
/// Account settings: `workspace` (header `X-DashScope-WorkSpace`). DashScope's extras (`top_k`, `enable_search`, …) go
/// out as they came.
import Shared

enum QwenCompatibleDialect {
    static let adapter = OpenAIAdapter(
        OpenAIDialect(
            platform: "DashScope", baseURL: "https://dashscope.aliyuncs.com/compatible-mode/v1",
            fields: DashScopeCheck.fields, limits: DashScopeCheck.limits, checks: [choices],
            edits: { _ in
                [
                    .rename("max_completion_tokens", to: "max_tokens"), .clamp("temperature", 0...1.99),
                    .clamp("top_p", 0.01...1),
                ]
            },
            messages: { _ in messages }, reasoning: reasoning,
            onlyStreams: { chat, model throws(JobFailure) in
                try DashScopeThinking(chat, model: model).mustStream
            },
            repeatsText: { DashScopeModel($0).repeatsText },
            failures: DashScopeFailure.rules, headers: [("workspace", "X-DashScope-WorkSpace")],
            embeddings: .init(maxInputs: { DashScopeEmbeddings().maxInputs(model: $0) })))

    private static let messages: MessageEdits = {
        var known = KnownMembers()
        // The model continues a partial text.
        known.message.insert("partial")
        return MessageEdits(
            known: known, developerIsSystem: true, needsSpeaker: true,
            keepsThinking: { chat, _ in chat.body["preserve_thinking"] == true })
    }()

    private static let choices: OpenAIDialect.Check = { chat, model throws(JobFailure) in
        try DashScopeCheck.checkChoices(chat)
        try DashScopeCheck.checkTools(chat)
    }

    private static func reasoning(_ chat: ChatRequest, _ model: String) throws(JobFailure) -> JSONObject {
        let thinking = try DashScopeThinking(chat, model: model)
        return words(thinking.isOn, thinking.budget)
    }

    /// Reasoning options in the words of Qwen models, on whichever platform.
    static func words(_ isOn: Bool?, _ budget: Int?) -> JSONObject {
        var members = JSONObject()
        if let isOn { members.set("enable_thinking", .bool(isOn)) }
        if let budget { members.set("thinking_budget", .int(budget)) }
        return members
    }
}
