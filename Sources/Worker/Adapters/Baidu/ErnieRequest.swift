/// Checks and builds the body of a v1 chat.
///
/// `check` refuses what the platform cannot do, before any call is paid, with `unsupportedParameter` naming the field.
/// `body` adapts without a change of meaning: temperature and the token limit into the platform's ranges, tools to
/// `functions`.
import Shared

struct ErnieRequest: Sendable {
    static let fields = FieldCheck(
        platform: "Baidu ERNIE v1",
        known: [
            "disable_search", "max_completion_tokens", "max_tokens", "penalty_score",
            "response_format", "stop", "temperature", "tool_choice", "tools", "top_p",
        ])
    private static let limits = PlatformLimits(
        platform: "Baidu ERNIE v1", stops: 4, formats: ["text", "json_object"], choices: ["none", "auto"],
        moved: PlatformLimits.instructions)
    private static let maxStopCharacters = 20
    private static let outputTokens = 2...2048

    let chat: ChatRequest

    // MARK: - Check

    func check() throws(JobFailure) {
        let fields = Self.fields
        try fields.check(chat)
        try Self.limits.check(chat)
        if chat.stops.contains(where: { $0.count > Self.maxStopCharacters }) {
            throw fields.refusal("stop", "\(Self.maxStopCharacters) characters at most")
        }
        let options = try ReasoningOptions(chat)
        if options.isOn == true || options.budget != nil {
            let field = ReasoningOptions.fields.first { chat.body[$0].map { $0 != .null } ?? false }
            throw fields.refusal(field ?? "reasoning_effort", "its models do not think")
        }
        try checkTools()
        try ErnieMessages(chat.spokenMessages).check(fields)
    }

    private func checkTools() throws(JobFailure) {
        let fields = Self.fields
        for (index, tool) in (chat.body["tools"]?.arrayValue ?? []).enumerated() {
            guard tool["type"]?.stringValue == "function" else { throw fields.refusal("tools[\(index)].type") }
            guard tool["function"]?["strict"]?.boolValue != true else {
                throw fields.refusal("tools[\(index)].function.strict", "arguments are not held to a schema")
            }
        }
    }

    // MARK: - Body

    var body: JSONObject {
        let messages = ErnieMessages(chat.spokenMessages)
        var body: JSONObject = ["messages": messages.json]
        if let system = messages.system { body.set("system", .string(system)) }
        if chat.isStream { body.set("stream", true) }
        if let value = chat.body["temperature"], let temperature = value.doubleValue {
            // Documented as (0, 1].
            body.set("temperature", temperature <= 0 ? 0.01 : temperature > 1 ? 1 : value)
        }
        if let limit = chat.maxTokens {
            let range = Self.outputTokens
            body.set("max_output_tokens", .int(min(max(limit, range.lowerBound), range.upperBound)))
        }
        for name in ["top_p", "penalty_score", "disable_search"] {
            if let value = chat.body[name], value != .null { body.set(name, value) }
        }
        if !chat.stops.isEmpty { body.set("stop", .array(chat.stops.map(JSON.string))) }
        if chat.responseFormat == .jsonObject { body.set("response_format", "json_object") }
        if let user = chat.user, !user.isEmpty { body.set("user_id", .string(user)) }
        setTools(&body)
        return body
    }

    /// The platform has no "none", so functions that must not be called are not sent.
    private func setTools(_ body: inout JSONObject) {
        let functions = chat.functions
        guard !functions.isEmpty, chat.toolChoice != ToolChoice.none else { return }
        body.set("functions", .array(functions.map(Self.function)))
        if case .named(let name) = chat.toolChoice {
            body.set("tool_choice", ["type": "function", "function": ["name": .string(name)]])
        }
    }

    /// Description and parameters are required here.
    private static func function(_ function: JSONObject) -> JSON {
        let name = function["name"] ?? ""
        let description = function["description"]?.stringValue.map(JSON.string) ?? name
        let parameters = function["parameters"]?.objectValue ?? ["type": "object", "properties": [:]]
        return ["name": name, "description": description, "parameters": .object(parameters)]
    }
}
