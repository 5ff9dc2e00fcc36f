/// Functions and the choice among them: `tools` and `tool_choice`.
import Shared

struct AnthropicTools {
    let tools: [JSON]
    /// `nil` where no choice needs to be sent.
    let choice: JSONObject?

    init(_ chat: ChatRequest, _ model: ClaudeModel) {
        tools = (chat.body["tools"]?.arrayValue ?? []).compactMap { tool in
            tool["function"]?.objectValue.map {
                Self.tool($0, model, cacheControl: tool["cache_control"] ?? $0["cache_control"])
            }
        }
        choice = tools.isEmpty ? nil : Self.choice(chat)
    }

    private static func choice(_ chat: ChatRequest) -> JSONObject? {
        // A legacy answer has room for one call.
        let oneAtATime = chat.body["parallel_tool_calls"]?.boolValue == false || chat.usesLegacyFunctions
        var choice: JSONObject
        switch chat.toolChoice {
        case ToolChoice.none?: return ["type": "none"]
        case .auto: choice = ["type": "auto"]
        case .required: choice = ["type": "any"]
        case .named(let name): choice = ["type": "tool", "name": .string(name)]
        case nil where oneAtATime: choice = ["type": "auto"]
        case nil: return nil
        }
        if oneAtATime { choice.set("disable_parallel_tool_use", true) }
        return choice
    }

    private static func tool(_ function: JSONObject, _ model: ClaudeModel, cacheControl: JSON?) -> JSON {
        var tool: JSONObject = ["name": function["name"] ?? ""]
        if let description = function["description"], description != .null { tool.set("description", description) }
        var schema = function["parameters"]?.objectValue ?? ["type": "object", "properties": [:]]
        // Required here, implied at OpenAI.
        if schema["type"] == nil { schema.set("type", "object") }
        tool.set("input_schema", .object(schema))
        if function["strict"]?.boolValue == true, model.followsSchema { tool.set("strict", true) }
        if let cacheControl, cacheControl != .null { tool.set("cache_control", cacheControl) }
        return .object(tool)
    }
}
