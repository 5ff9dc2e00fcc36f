/// Writes the old style of calling functions in the words of today, so that no platform needs to know it.
///
/// In: a body that has been checked. Out: `functions` as `tools`, `function_call` as `tool_choice` and `tool_calls`,
/// messages of the role `function` as results of a call. `nil` where nothing is old. A call and its result find each
/// other by their order and the function's name, which is all that the old style has (`CallIDs`).
struct LegacyFunctions {
    static func modernized(_ body: JSONObject) -> JSONObject? {
        var modern = body
        if let functions = modern.remove("functions")?.arrayValue {
            modern.set("tools", .array((body["tools"]?.arrayValue ?? []) + functions.map(tool)))
        }
        if let choice = modern.remove("function_call"), modern["tool_choice"] == nil {
            modern.set("tool_choice", choice.objectValue == nil ? choice : named(choice))
        }
        let messages = body["messages"]?.arrayValue ?? []
        if messages.contains(where: isOld) {
            modern.set("messages", .array(modernized(messages)))
        } else if body["functions"] == nil, body["function_call"] == nil {
            return nil
        }
        return modern
    }

    private static func tool(_ function: JSON) -> JSON { ["type": "function", "function": function] }

    private static func named(_ choice: JSON) -> JSON {
        ["type": "function", "function": ["name": choice["name"] ?? ""]]
    }

    private static func isOld(_ message: JSON) -> Bool {
        message["role"] == "function" || message["function_call"] != nil
    }

    private static func modernized(_ messages: [JSON]) -> [JSON] {
        let modern = messages.map { isOld($0) ? message($0) : $0 }
        let complete = CallIDs.completed(modern) ?? modern
        return complete.enumerated().map { messages[$0]["role"] == "function" ? result($1, $0) : $1 }
    }

    /// Ids stay empty, and results keep their name, for `CallIDs` to go by.
    private static func message(_ message: JSON) -> JSON {
        guard var modern = message.objectValue else { return message }
        if modern["role"] == "function" {
            modern.set("role", "tool")
            modern.set("tool_call_id", "")
        }
        if let call = modern.remove("function_call") {
            let calls = modern["tool_calls"]?.arrayValue ?? []
            modern.set("tool_calls", .array(calls + [["id": "", "type": "function", "function": call]]))
        }
        return .object(modern)
    }

    /// The result of a call, whose id names it.
    ///
    /// Where no call stands before it, the result gets a call of its own.
    private static func result(_ message: JSON, _ index: Int) -> JSON {
        guard var result = message.objectValue else { return message }
        result.remove("name")
        if result["tool_call_id"] == "" { result.set("tool_call_id", .string("call_\(index)")) }
        return .object(result)
    }
}
