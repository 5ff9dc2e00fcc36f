/// Builds the body of a chat.
///
/// In: a request that `AnthropicCheck` let pass, and its route. Out: the body. Adapted without a change of meaning:
/// system texts move to `system`, neighbours of one role are merged, and the token limit is always sent.
import Shared

struct AnthropicRequest {
    /// The limit that the platform requires.
    ///
    /// Chosen: three pages, as in SDK examples.
    static let defaultMaxTokens = 4_096
    /// Stands for OpenAI's JSON mode, which has no counterpart here.
    static let jsonInstruction =
        "Answer with exactly one valid JSON object and nothing else: no explanation, no Markdown, no code fence."
    /// The longest user id that the platform takes.
    ///
    /// A longer one is left out, since it is only a hint.
    private static let maxUserCharacters = 256

    let chat: ChatRequest
    let target: Target

    func body() throws(JobFailure) -> JSONObject {
        let model = ClaudeModel(target.model)
        let thinking = try AnthropicThinking(chat, model)
        let maxTokens = maxTokens(thinking)
        var messages = try AnthropicMessages(chat)
        if chat.responseFormat == .jsonObject { messages.addSystem(Self.jsonInstruction) }

        var body: JSONObject = ["model": .string(target.model), "max_tokens": .int(maxTokens)]
        if let system = messages.system { body.set("system", system) }
        body.set("messages", messages.json)
        if chat.isStream { body.set("stream", true) }
        if !chat.stops.isEmpty { body.set("stop_sequences", .array(chat.stops.map(JSON.string))) }
        AnthropicSampling(chat, model, version: AnthropicAdapter.version(target.account.settings))
            .write(to: &body, isThinking: thinking.isThinking)
        let tools = AnthropicTools(chat, model)
        if !tools.tools.isEmpty { body.set("tools", .array(tools.tools)) }
        if let choice = tools.choice { body.set("tool_choice", .object(choice)) }
        if let json = try thinking.json(maxTokens: maxTokens) { body.set("thinking", .object(json)) }
        setOutput(&body, effort: thinking.effort)
        if let user = chat.user, (1...Self.maxUserCharacters).contains(user.count) {
            body.set("metadata", ["user_id": .string(user)])
        }
        return body
    }

    /// The caller's limit, else the default with room for thinking where the model thinks.
    ///
    /// Never above the model's own.
    private func maxTokens(_ thinking: AnthropicThinking) -> Int {
        let wanted = chat.maxTokens ?? (Self.defaultMaxTokens + thinking.room)
        return max(1, min(wanted, target.maxOutputTokens ?? wanted))
    }

    private func setOutput(_ body: inout JSONObject, effort: String?) {
        var output = JSONObject()
        if let effort { output.set("effort", .string(effort)) }
        if case .jsonSchema(let format) = chat.responseFormat {
            let schema = AnthropicSchema.closed(format["schema"] ?? ["type": "object"])
            output.set("format", ["type": "json_schema", "schema": schema])
        }
        if !output.isEmpty { body.set("output_config", .object(output)) }
    }
}

/// JSON schemas in the platform's form: objects must exclude further members.
enum AnthropicSchema {
    /// Adds `additionalProperties: false` to objects that leave it open, as Anthropic's SDKs do.
    static func closed(_ schema: JSON) -> JSON {
        switch schema {
        case .array(let elements): return .array(elements.map(closed))
        case .object(let object):
            var result = object
            for member in object.members where !["enum", "const", "default", "examples"].contains(member.key) {
                result.set(member.key, closed(member.key, member.value))
            }
            if isObject(object["type"]), object["additionalProperties"] == nil {
                result.set("additionalProperties", false)
            }
            return .object(result)
        default: return schema
        }
    }

    private static func isObject(_ type: JSON?) -> Bool {
        type == "object" || type?.arrayValue?.contains("object") == true
    }

    /// The members of `properties` and the like are names, not words of the schema language.
    private static func closed(_ key: String, _ value: JSON) -> JSON {
        guard ["properties", "$defs", "definitions"].contains(key), var names = value.objectValue else {
            return closed(value)
        }
        for member in names.members { names.set(member.key, closed(member.value)) }
        return .object(names)
    }
}
