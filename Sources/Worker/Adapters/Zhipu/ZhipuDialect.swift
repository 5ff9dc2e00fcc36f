/// Zhipu GLM: OpenAI's API with differences.
///
/// Key: `id.secret`, sent whole (mode `native`), or as a JWT signed with the secret (mode `jwt`, see `ZhipuTokens`).
/// GLM's extras (`do_sample`, `request_id`, `web_search` tools, …) go out as they came.
import Shared

enum ZhipuDialect {
    static let adapter = OpenAIAdapter(dialect)
    static let signedAdapter = OpenAIAdapter(dialect, tokens: ZhipuTokens())

    private static let dialect =
        OpenAIDialect(
            platform: "Zhipu", baseURL: "https://open.bigmodel.cn/api/paas/v4",
            fields: FieldCheck(
                platform: "Zhipu",
                known: [
                    "max_completion_tokens", "max_tokens", "response_format", "seed", "stop", "temperature",
                    "tool_choice", "tools", "top_p", "user",
                ], passesExtras: true),
            limits: PlatformLimits(
                platform: "Zhipu", stops: 1, formats: ["text", "json_object"], choices: ["none", "auto"],
                namesFunction: false),
            checks: [needsUser],
            edits: { _ in
                [
                    .rename("max_completion_tokens", to: "max_tokens"), .custom(setGreedySampling),
                    .clamp("temperature", 0.01...1), .clamp("top_p", 0.01...1), .listed("stop"), .custom(setUserID),
                    .custom(setTools),
                ]
            },
            messages: { _ in
                MessageEdits(
                    known: KnownMembers(), developerIsSystem: true, needsSpeaker: true,
                    keepsThinking: { chat, _ in chat.body["thinking"]?["clear_thinking"] == false })
            }, reasoning: reasoning,
            alwaysSendsUsage: true,
            finishReasons: [
                "sensitive": .reason("content_filter"), "network_error": .failure(.serverError),
                "model_context_window_exceeded": .reason("length"),
            ],
            failures: failures, namedCoolDown: ZhipuReset.coolDown, ping: .chat(model: "glm-4-flash-250414"),
            embeddings: .init(maxInputs: { _ in 64 }))

    private static let needsUser: OpenAIDialect.Check = { chat, _ throws(JobFailure) in
        if !chat.spokenMessages.contains(where: { $0.role == .user }) {
            throw wrong("messages", "it needs at least one user message")
        }
    }

    private static func wrong(_ field: String, _ why: String) -> JobFailure {
        FieldCheck.refusal("Zhipu", field, why)
    }

    /// Writes a temperature of 0 as `do_sample: false`, as Zhipu's SDK does.
    private static func setGreedySampling(_ body: inout JSONObject) {
        if body["temperature"]?.doubleValue == 0 { body.set("do_sample", false) }
    }

    /// Writes `user_id`, which takes 6 to 128 characters.
    ///
    /// It serves abuse reports, so a user of another length is left out.
    private static func setUserID(_ body: inout JSONObject) {
        guard let user = body.remove("user")?.stringValue, (6...128).contains(user.count) else { return }
        body.set("user_id", .string(user))
    }

    /// Leaves tools out where calls are forbidden, since `tool_choice` knows `auto` only.
    ///
    /// Streams get arguments as they come.
    private static func setTools(_ body: inout JSONObject) {
        if body.remove("tool_choice") == "none" { body.remove("tools") }
        guard body["tools"] != nil else { return }
        body.set("tool_choice", "auto")
        if body["stream"]?.boolValue == true, body["tool_stream"] == nil { body.set("tool_stream", true) }
    }

    /// Thinking can be switched since GLM-4.5, except that GLM-5.3 always thinks.
    ///
    /// `reasoning_effort` came with 5.2.
    private static func reasoning(_ chat: ChatRequest, _ model: String) throws(JobFailure) -> JSONObject {
        let options = try ReasoningOptions(chat)
        let alwaysThinks = model.hasPrefix("glm-5.3")
        guard options.isOn != false else {
            guard !alwaysThinks else {
                throw wrong("reasoning_effort", "\(SafeText.message(model)) always thinks; the least is 'low'")
            }
            return ["thinking": ["type": "disabled"]]
        }
        var members = JSONObject()
        if options.isOn == true { members.set("thinking", .object(enabled(chat))) }
        guard let effort = options.effort else { return members }
        if alwaysThinks {
            members.set("reasoning_effort", .string(effort.lowHighMax))
        } else if model.hasPrefix("glm-5.2") {
            members.set("reasoning_effort", .string(effort.rawValue))
        }
        return members
    }

    /// With `clear_thinking: false` the model reads the thinking of earlier turns, which is sent back then.
    private static func enabled(_ chat: ChatRequest) -> JSONObject {
        let keeps = chat.body["thinking"]?["clear_thinking"] == false
        return keeps ? ["type": "enabled", "clear_thinking": false] : ["type": "enabled"]
    }

    /// By the code, never by 429 alone.
    static let failures = FailureRules([
        .stale("1003"),
        .codes("1000", "1001", "1002", "1004", "1110", "1111", "1112", "1121", "401", kind: .authentication),
        .codes("1113", "1304", "1308", "1309", "1310", "1311", "1316", kind: .quotaExhausted),
        .codes("1211", "1221", "1222", kind: .modelNotFound),
        .codes("1220", kind: .authentication),
        .codes("1261", kind: .contextTooLong),
        .codes("1300", "1301", kind: .contentFiltered),
        .codes("1302", "1303", "1313", kind: .rateLimited),
        .codes("1305", "1312", kind: .overloaded),
        .codes("1200", "1210", "1212", "1213", "1214", "1215", "1230", "1231", kind: .invalidRequest),
        .codes("500", "1120", "1234", kind: .serverError),
        .status(434, kind: .authentication),
        .status(435, kind: .contextTooLong),
    ])
}
