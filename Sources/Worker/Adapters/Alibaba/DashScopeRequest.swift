/// Builds the body of a chat: `{model, input: {messages}, parameters}`.
///
/// In: a request that `DashScopeCheck` let pass. Out: the body. Adapted without a change of meaning: temperature and
/// top_p into the platform's open ranges, the name of the token limit, legacy functions to tools.
import Shared

struct DashScopeRequest: Sendable {
    let chat: ChatRequest
    let model: String
    let endpoint: DashScopeModel.Endpoint

    /// OpenAI's fields that have the same name here.
    private static let sameName = ["presence_penalty", "n", "logprobs", "top_logprobs", "seed", "parallel_tool_calls"]
    /// Fields that are written here or dropped.
    ///
    /// All others pass as extras.
    private static let translated: Set<String> = Set(ReasoningOptions.fields + sameName).union(FieldCheck.hints).union([
        "model", "messages", "stream", "stream_options", "temperature", "top_p", "max_tokens", "max_completion_tokens",
        "stop", "tools", "tool_choice", "response_format", "frequency_penalty",
        "logit_bias", "modalities", "audio", "web_search_options", "result_format", "incremental_output",
    ])

    func body() throws(JobFailure) -> JSONObject {
        [
            "model": .string(model),
            "input": ["messages": DashScopeMessages(chat, endpoint: endpoint).json(chat.spokenMessages)],
            "parameters": .object(try parameters()),
        ]
    }

    private func parameters() throws(JobFailure) -> JSONObject {
        var parameters: JSONObject = ["result_format": "message"]
        if chat.isStream { parameters.set("incremental_output", true) }
        setSampling(&parameters)
        setTools(&parameters)
        let thinking = try DashScopeThinking(chat, model: model)
        if let isOn = thinking.isOn { parameters.set("enable_thinking", .bool(isOn)) }
        if let budget = thinking.budget { parameters.set("thinking_budget", .int(budget)) }
        if chat.responseFormat != nil, let format = chat.body["response_format"] {
            parameters.set("response_format", format)
        }
        for member in chat.body.members where member.value != .null && !Self.translated.contains(member.key) {
            parameters.set(member.key, member.value)
        }
        return parameters
    }

    private func setSampling(_ parameters: inout JSONObject) {
        if let value = chat.body["temperature"], let temperature = value.doubleValue {
            // Documented as [0, 2), so 2 itself is refused.
            parameters.set("temperature", temperature >= 2 ? 1.99 : value)
        }
        if let value = chat.body["top_p"], let share = value.doubleValue {
            // Documented as (0, 1]. 0 means "the likeliest token alone", and so does a hundredth.
            parameters.set("top_p", share <= 0 ? 0.01 : value)
        }
        if let limit = chat.maxTokens { parameters.set("max_tokens", .int(limit)) }
        if !chat.stops.isEmpty { parameters.set("stop", .array(chat.stops.map(JSON.string))) }
        for name in Self.sameName {
            guard let value = chat.body[name], value != .null, !Self.asksForNothing(name, value) else { continue }
            parameters.set(name, value)
        }
    }

    /// Models that do not know these parameters refuse even their defaults.
    private static func asksForNothing(_ name: String, _ value: JSON) -> Bool {
        name == "n" && value.intValue == 1 || name == "logprobs" && value.boolValue == false
    }

    private func setTools(_ parameters: inout JSONObject) {
        let functions = chat.functions
        guard !functions.isEmpty else {
            parameters.remove("parallel_tool_calls")
            return
        }
        parameters.set("tools", .array(functions.map(Self.tool)))
        switch chat.toolChoice {
        case ToolChoice.none?: parameters.set("tool_choice", "none")
        case .auto: parameters.set("tool_choice", "auto")
        case .named(let name):
            parameters.set("tool_choice", ["type": "function", "function": ["name": .string(name)]])
        case .required, nil: return
        }
    }

    /// A function's parameters are required here and optional at OpenAI.
    private static func tool(_ function: JSONObject) -> JSON {
        var function = KnownMembers.function(function) ?? function
        if function["parameters"].map({ $0 == .null }) ?? true {
            function.set("parameters", ["type": "object", "properties": [:]])
        }
        return ["type": "function", "function": .object(function)]
    }
}
