/// OpenAI, and every OpenAI-compatible server behind an account's own base URL (vLLM, Ollama, DeepSeek, …).
///
/// The neutral request is OpenAI's, so it passes through, unknown fields included. Models with OpenAI's own names are
/// held to its rules and limits: its reasoning models refuse `max_tokens`, only `reasoning_effort` controls thinking,
/// and messages may not carry members of other platforms' answers. Account settings: `organization`, `project` (headers
/// of that name).
import Shared

enum OpenAIOwnDialect {
    static let adapter = OpenAIAdapter(native)
    /// Mode `compatible`, for a server of which only the API is known.
    static let compatibleAdapter = OpenAIAdapter(dialect)

    private static var native: OpenAIDialect {
        var dialect = dialect
        dialect.checks = [ownLimits]
        dialect.edits = edits
        dialect.messages = { isOwn($0) ? messages : MessageEdits() }
        dialect.dropped = { chat, model in
            reasons(model) && (try? ReasoningOptions(chat))?.isOn != false ? sampling(chat.body) : []
        }
        return dialect
    }

    private static let dialect = OpenAIDialect(
        platform: "OpenAI", baseURL: "https://api.openai.com/v1", fields: nil,
        refusesParallelCalls: { lacksParallelCalls($0) }, failures: failures,
        headers: [("organization", "OpenAI-Organization"), ("project", "OpenAI-Project")],
        embeddings: .init(maxInputs: { _ in 2048 }, passesOptions: true))

    private static let limits = PlatformLimits(platform: "OpenAI", stops: 4, hasOtherTypes: true, holdsAudio: true)

    private static let ownLimits: OpenAIDialect.Check = { chat, model throws(JobFailure) in
        if isOwn(model) { try limits.check(chat) }
    }

    private static let messages: MessageEdits = {
        var known = KnownMembers()
        known.message.formUnion(["refusal", "audio"])
        return MessageEdits(known: known)
    }()

    private static func edits(_ model: String) -> [FieldEdit] {
        guard isOwn(model) else { return [] }
        let edits: [FieldEdit] = [.custom(translateEffort), .anyCall]
        return reasons(model) ? edits + [.rename("max_tokens", to: "max_completion_tokens")] : edits
    }

    /// Parameters that a model takes only at their default while it reasons.
    private static func sampling(_ body: JSONObject) -> [String] {
        let defaults: [(name: String, value: Double)] = [
            ("temperature", 1), ("top_p", 1), ("presence_penalty", 0), ("frequency_penalty", 0),
        ]
        return defaults.filter { field in body[field.name]?.doubleValue.map { $0 != field.value } ?? false }.map(\.name)
    }

    /// `gpt-…`, `o3`, `chatgpt-…`, and fine-tunes of them.
    ///
    /// OpenAI's open models are served by others.
    static func isOwn(_ model: String) -> Bool {
        let base = model.hasPrefix("ft:") ? model.dropFirst(3) : model[...]
        if base.hasPrefix("gpt-oss") { return false }
        return base.hasPrefix("gpt-") || base.hasPrefix("chatgpt-") || isOSeries(base)
    }

    /// The o-series, and gpt-5 and later except the chat variants.
    static func reasons(_ model: String) -> Bool {
        let base = model.hasPrefix("ft:") ? model.dropFirst(3) : model[...]
        if isOSeries(base) { return true }
        guard base.hasPrefix("gpt-"), let version = Int(base.dropFirst(4).prefix { $0.isNumber }) else { return false }
        return version >= 5
    }

    /// The o-series makes one call at a time, and refuses a request to do so.
    private static func lacksParallelCalls(_ model: String) -> Bool {
        isOSeries(model.hasPrefix("ft:") ? model.dropFirst(3) : model[...])
    }

    private static func isOSeries(_ base: Substring) -> Bool {
        base.first == "o" && base.dropFirst().first?.isNumber == true
    }

    /// Turns Qwen's and Claude's reasoning options into OpenAI's.
    ///
    /// A budget has no counterpart.
    private static func translateEffort(_ body: inout JSONObject) {
        let isSaid = body["reasoning_effort"].map { $0 != .null } ?? false
        let isOn = body["enable_thinking"]?.boolValue ?? body["thinking"]?["type"].map { $0 != "disabled" }
        for field in ReasoningOptions.fields where field != "reasoning_effort" { body.remove(field) }
        if !isSaid, let isOn { body.set("reasoning_effort", isOn ? "medium" : "none") }
    }

    /// By `error.code`, then `error.type`, then the status.
    static let failures = FailureRules([
        .codes("context_length_exceeded", "tokens_limit_reached", kind: .contextTooLong),
        .codes("invalid_prompt", "content_policy_violation", "content_filter", kind: .contentFiltered),
        .codes(
            "invalid_api_key", "account_deactivated", "invalid_organization", "ip_not_authorized",
            "unsupported_country_region_territory", "missing_scope", "insufficient_permissions", kind: .authentication),
        .codes("model_not_found", kind: .modelNotFound),
        .codes(
            "credit_balance_exhausted", "organization_spend_limit_exceeded", "project_spend_limit_exceeded",
            "organization_usage_limit_exceeded", "insufficient_quota", "billing_hard_limit_reached",
            "billing_not_active", kind: .quotaExhausted),
        // One request above the whole per-minute limit, so waiting cannot help.
        FailureRule(codes: ["rate_limit_exceeded"], words: ["request too large"], kind: .contextTooLong),
        FailureRule(
            types: ["rate_limit_error", "requests", "tokens"], words: ["request too large"], kind: .contextTooLong),
        FailureRule(statuses: 429...429, words: ["request too large"], kind: .contextTooLong),
        .codes("rate_limit_exceeded", "slow_down", kind: .rateLimited),
        .codes("unsupported_value", "unsupported_parameter", "unknown_parameter", kind: .unsupportedParameter),
        .codes("missing_required_parameter", "invalid_value", "invalid_type", kind: .invalidRequest),
        .codes("server_error", kind: .serverError),
        // `invalid_request_error` decides nothing, since it comes with 401, 404 and 429 too.
        .types("insufficient_quota", kind: .quotaExhausted),
        .types("authentication_error", "permission_error", kind: .authentication),
        .types("rate_limit_error", "requests", "tokens", kind: .rateLimited),
        .types("overloaded_error", kind: .overloaded),
        .types("server_error", "api_error", kind: .serverError),
    ])
}
