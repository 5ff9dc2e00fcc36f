/// The rules for `tools` and `tool_choice`, and their legacy forms `functions` and `function_call`.
extension ChatRequestCheck {
    mutating func tools(_ body: JSONObject) throws(RequestError) {
        if let value = present(body, "tools") {
            guard let tools = value.arrayValue else { throw .type("tools", "an array") }
            for (index, tool) in tools.enumerated() { try self.tool(tool, "tools[\(index)]") }
            if !tools.isEmpty { neededBy[.functionCalling] = "tools" }
        }
        if let value = present(body, "functions") {
            guard value.arrayValue != nil else { throw .type("functions", "an array") }
            neededBy[.functionCalling] = neededBy[.functionCalling] ?? "functions"
        }
        try toolChoice(body)
    }

    private func tool(_ tool: JSON, _ path: String) throws(RequestError) {
        guard let tool = tool.objectValue else { throw .type(path, "an object") }
        guard let type = present(tool, "type") else { throw .missing("\(path).type") }
        guard let type = type.stringValue else { throw .type("\(path).type", "a string") }
        // Other types are the platforms' own tools (web_search, custom): theirs to check.
        guard type == "function" else { return }
        guard let function = present(tool, "function") else { throw .missing("\(path).function") }
        guard let function = function.objectValue else { throw .type("\(path).function", "an object") }
        guard let name = present(function, "name") else { throw .missing("\(path).function.name") }
        guard let name = name.stringValue else { throw .type("\(path).function.name", "a string") }
        guard !name.isEmpty else { throw .value("\(path).function.name", "a name") }
        if let parameters = present(function, "parameters"), parameters.objectValue == nil {
            throw .type("\(path).function.parameters", "an object")
        }
    }

    private func toolChoice(_ body: JSONObject) throws(RequestError) {
        switch present(body, "tool_choice") {
        case nil: return
        case .string(let choice):
            guard ["none", "auto", "required"].contains(choice) else {
                throw .value("tool_choice", "one of none, auto, required, or an object")
            }
            if choice == "none" { return }
        case .object(let choice):
            guard let type = present(choice, "type") else { throw .missing("tool_choice.type") }
            if type == "function", choice["function"]?["name"]?.stringValue == nil {
                throw .missing("tool_choice.function.name")
            }
        default: throw .type("tool_choice", "a string or an object")
        }
        guard neededBy[.functionCalling] == "tools" else {
            throw RequestError(
                .invalidValue, "tool_choice", "'tool_choice' is only allowed when 'tools' are specified.")
        }
    }
}
