/// Tencent TokenHub, the current home of Hunyuan: OpenAI's API with differences.
///
/// Key: a TokenHub key as bearer token. The model is a service id (`hy3`, `deepseek-v4-pro`, …) or an endpoint
/// (`ep-…`).
import Shared

enum TokenHubDialect {
    static let adapter = OpenAIAdapter(
        OpenAIDialect(
            platform: "Tencent TokenHub", baseURL: "https://tokenhub.tencentmaas.com/v1",
            fields: FieldCheck(
                platform: "Tencent TokenHub",
                known: [
                    "frequency_penalty", "max_completion_tokens", "max_tokens", "parallel_tool_calls",
                    "presence_penalty", "response_format", "seed", "stop", "temperature", "tool_choice", "tools",
                    "top_p", "user", "logprobs", "top_logprobs",
                ], passesExtras: true),
            limits: PlatformLimits(platform: "Tencent TokenHub", stops: 4),
            edits: { _ in [.rename("max_completion_tokens", to: "max_tokens"), .anyCall] },
            messages: { _ in
                MessageEdits(
                    known: KnownMembers(), developerIsSystem: true, needsSpeaker: true,
                    keepsThinking: { _, model in requiresThinkingBack.contains(where: model.hasPrefix) })
            }, reasoning: reasoning,
            finishReasons: ["sensitive": .reason("content_filter")], failures: failures))

    /// Families that continue their thinking from one tool call to the next, and refuse a history without it.
    private static let requiresThinkingBack = ["deepseek-", "kimi-"]

    /// Writes `thinking: {type, budget_tokens?}`.
    ///
    /// Qwen models keep their own words for it. MiniMax models know `adaptive` in place of `enabled`, and no budget.
    private static func reasoning(_ chat: ChatRequest, _ model: String) throws(JobFailure) -> JSONObject {
        let options = try ReasoningOptions(chat)
        if model.hasPrefix("qwen") {
            return QwenCompatibleDialect.words(options.isOn, options.budget ?? options.effort?.tokens)
        }
        guard let isOn = options.isOn ?? (options.budget == nil ? nil : true) else { return [:] }
        guard isOn else { return ["thinking": ["type": "disabled"]] }
        if model.hasPrefix("minimax") { return ["thinking": ["type": "adaptive"]] }
        var thinking: JSONObject = ["type": "enabled"]
        if let budget = options.budget ?? options.effort?.tokens { thinking.set("budget_tokens", .int(budget)) }
        return ["thinking": .object(thinking)]
    }

    /// The code is the HTTP status and a number, and the type is the class.
    static let failures = FailureRules([
        // An inactive endpoint is a used-up free quota. It comes as 402 and as a code of the 403 family.
        .codes("401007", "401008", "403004", kind: .quotaExhausted),
        .words("free_quota_exhausted", kind: .quotaExhausted),
        .types("authentication_error", kind: .authentication),
        .status(402, kind: .quotaExhausted),
        .types("permission_error", kind: .authentication),
        .types("rate_limit_error", kind: .rateLimited),
        .types("content_filter_error", kind: .contentFiltered),
        .status(451, kind: .contentFiltered),
        .types("upstream_error", kind: .serverError),
        .codes("502*", kind: .serverError),
        .words("context length", "maximum context", "too many tokens", in: 400...413, kind: .contextTooLong),
        .words(
            "model not found", "model does not exist", "no such model", "unknown model", in: 400...404,
            kind: .modelNotFound),
        .types("invalid_request_error", kind: .invalidRequest),
    ])
}
