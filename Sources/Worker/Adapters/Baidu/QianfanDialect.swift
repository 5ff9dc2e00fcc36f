/// Baidu Qianfan v2 (ERNIE and other models): OpenAI's API with differences.
///
/// Key: `bce-v3/ALTAK-…/…`, whole, as bearer token. Account settings: `appid` (header of that name). `penalty_score`,
/// `web_search` and other extras of Qianfan go out as they came.
import Shared

enum QianfanDialect {
    static let adapter = OpenAIAdapter(
        OpenAIDialect(
            platform: "Baidu Qianfan", baseURL: "https://qianfan.baidubce.com/v2",
            fields: FieldCheck(
                platform: "Baidu Qianfan",
                known: [
                    "frequency_penalty", "max_completion_tokens", "max_tokens", "parallel_tool_calls",
                    "presence_penalty", "response_format", "seed", "stop", "temperature", "tool_choice", "tools",
                    "top_p", "user",
                ], passesExtras: true),
            limits: PlatformLimits(platform: "Baidu Qianfan", stops: 4, moved: PlatformLimits.instructions),
            checks: [lastSpeaker],
            edits: { _ in
                [
                    .rename("max_completion_tokens", to: "max_tokens"), .clamp("temperature", 0.01...1), .anyCall,
                ]
            },
            messages: { _ in
                MessageEdits(known: KnownMembers(), developerIsSystem: true, joinsSystem: true, needsSpeaker: true)
            },
            reasoning: reasoning,
            finishReasons: ["normal": .reason("stop"), "function_call": .reason("tool_calls")], filterFlag: "flag",
            failures: failures, headers: [("appid", "appid")],
            embeddings: .init(maxInputs: { _ in 16 }, takesDimensions: true)))

    private static func reasoning(_ chat: ChatRequest, _ model: String) throws(JobFailure) -> JSONObject {
        let options = try ReasoningOptions(chat)
        var members = JSONObject()
        if let isOn = options.isOn { members.set("enable_thinking", .bool(isOn)) }
        if let budget = options.budget { members.set("thinking_budget", .int(budget)) }
        if let effort = options.effort { members.set("reasoning_effort", .string(effort.lowMediumHigh)) }
        return members
    }

    /// The last message must be user's or tool's.
    private static let lastSpeaker: OpenAIDialect.Check = { chat, _ throws(JobFailure) in
        // Instructions are moved to the front.
        guard let last = chat.messages.lastIndex(where: { $0["role"] != "system" && $0["role"] != "developer" }),
            chat.messages[last]["role"] == "assistant"
        else { return }
        throw FieldCheck.refusal("Baidu Qianfan", "messages[\(last)].role", "the last must be user's or tool's")
    }

    /// Baidu's table.
    ///
    /// There is no Retry-After.
    static let failures = FailureRules([
        .codes("characters_too_long", "tokens_too_long", kind: .contextTooLong),
        .codes("image_url_unsafe", "system_unsafe", "user_setting_unsafe", "functions_unsafe", kind: .contentFiltered),
        .types("unsafe_request", kind: .contentFiltered),
        // 401 for a model is not the key's fault.
        FailureRule(codes: ["invalid_model"], statuses: 401...403, kind: .modelNotFound),
        .codes("model_offline", kind: .modelNotFound),
        .codes("account_overdue", "coding_plan_*", kind: .quotaExhausted),
        .codes("invalid_iam_token", "invalid_appid", "no_parameter_permission", kind: .authentication),
        .codes(
            "cluster_rate_limit_exceeded", "cluster_rpm_rate_limit_exceeded", "cluster_tpm_rate_limit_exceeded",
            kind: .overloaded),
        .codes(
            "rpm_rate_limit_exceeded", "tpm_rate_limit_exceeded", "input_tpm_rate_limit_exceeded",
            "output_tpm_rate_limit_exceeded", "user_rate_limit_exceeded", "preemptible_rate_limit_exceeded",
            kind: .rateLimited),
        .types("rate_limit_exceeded", kind: .rateLimited),
        .codes(
            "malformed_json", "invalid_model", "invalid_messages", "invalid_argument", "invalid_image_url",
            "invalid_plugin_argument", "method_not_supported", kind: .invalidRequest),
        .codes("internal_error", "dispatch_internal_error", kind: .serverError),
        .types("Internal_error", kind: .serverError),
        .types("access_denied", kind: .authentication),
    ])
}
