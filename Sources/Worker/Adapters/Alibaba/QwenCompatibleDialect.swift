/// DashScope's OpenAI-shaped twin (providers/alibaba.md, "Compat mode"): the same models, rules and errors as the native API.
///
/// Account settings: `workspace` (header `X-DashScope-WorkSpace`). DashScope's extras (`top_k`, `enable_search`, …) go out
/// as they came.
import Shared

enum QwenCompatibleDialect {
    static let wire = OpenAIWire(
        OpenAIDialect(
            platform: "DashScope", baseURL: "https://dashscope.aliyuncs.com/compatible-mode/v1",
            fields: DashScopeCheck.fields, checks: [limits],
            edits: { _ in
                [
                    .rename("max_completion_tokens", to: "max_tokens"), .clamp("temperature", 0...1.99),
                    .clamp("top_p", 0.01...1),
                ]
            },
            messages: MessageEdits(dropped: MessageEdits.leftovers, developerIsSystem: true), reasoning: reasoning,
            onlyStreams: { chat, model throws(JobFailure) in
                try DashScopeThinking(chat, model: model).mustStream
            },
            repeatsText: { DashScopeModel($0).repeatsText },
            failures: DashScopeFailure.rules, headers: [("workspace", "X-DashScope-WorkSpace")],
            embeddings: .init(maxInputs: { DashScopeEmbeddings().maxInputs(model: $0) })))

    private static let limits: OpenAIDialect.Check = { chat, model throws(JobFailure) in
        try DashScopeCheck.checkChoices(chat)
        try DashScopeCheck.checkTools(chat)
    }

    private static func reasoning(_ chat: ChatRequest, _ model: String) throws(JobFailure) -> JSONObject {
        let thinking = try DashScopeThinking(chat, model: model)
        var members = JSONObject()
        if let isOn = thinking.isOn { members.set("enable_thinking", .bool(isOn)) }
        if let budget = thinking.budget { members.set("thinking_budget", .int(budget)) }
        return members
    }
}
