/// The rules for `tools` and `tool_choice`, and their legacy forms `functions` and `function_call`.
extension ChatRequestCheck {
    mutating func tools(_ body: JSONObject) throws(RequestError) {
        if let value = present(body, "tools") {
            guard let tools = value.arrayValue else { throw .type("tools", "an array") }
            for (index, tool) in tools.enumerated() { try self.tool(tool, "tools[\(index)]") }
            if !tools.isEmpty { neededBy[.functionCalling] = "tools" }
        }
        if let value = present(body, "functions") {
            guard let functions = value.arrayValue else { throw .type("functions", "an array") }
            for (index, function) in functions.enumerated() { try self.function(function, "functions[\(index)]") }
            neededBy[.functionCalling] = neededBy[.functionCalling] ?? "functions"
        }
        try toolChoice(body)
        try functionCall(body)
    }

    private func tool(_ tool: JSON, _ path: String) throws(RequestError) {
        guard let tool = tool.objectValue else { throw .type(path, "an object") }
        guard let type = present(tool, "type") else { throw .missing("\(path).type") }
        guard let type = type.stringValue else { throw .type("\(path).type", "a string") }
        // Other types are the platforms' own tools (web_search, custom), which their platforms check.
        guard type == "function" else { return }
        guard let function = present(tool, "function") else { throw .missing("\(path).function") }
        try self.function(function, "\(path).function")
    }

    private func function(_ function: JSON, _ path: String) throws(RequestError) {
        guard let function = function.objectValue else { throw .type(path, "an object") }
        guard let name = present(function, "name") else { throw .missing("\(path).name") }
        guard let name = name.stringValue else { throw .type("\(path).name", "a string") }
        guard !name.isEmpty else { throw .value("\(path).name", "a name") }
        if let parameters = present(function, "parameters"), parameters.objectValue == nil {
            throw .type("\(path).parameters", "an object")
        }
    }

    private func toolChoice(_ body: JSONObject) throws(RequestError) {
        switch present(body, "tool_choice") {
        case nil: return
        case .string(let choice):
            guard choice.utf8.count <= Self.longestWord else {
                throw .value("tool_choice", "at most \(Self.longestWord) bytes")
            }
        case .object(let choice):
            guard let type = present(choice, "type") else { throw .missing("tool_choice.type") }
            if type == "function", choice["function"]?["name"]?.stringValue == nil {
                throw .missing("tool_choice.function.name")
            }
        default: throw .type("tool_choice", "a string or an object")
        }
        guard present(body, "tools") != nil || present(body, "functions") != nil else {
            throw RequestError(
                .invalidValue, "tool_choice", "'tool_choice' is only allowed when 'tools' are specified.")
        }
    }

    /// The old style has fewer words.
    private func functionCall(_ body: JSONObject) throws(RequestError) {
        switch present(body, "function_call") {
        case nil, "none", "auto": return
        case .string: throw .value("function_call", "one of none, auto, or an object")
        case .object(let choice):
            guard choice["name"]?.stringValue != nil else { throw .missing("function_call.name") }
            guard present(body, "functions") != nil else {
                throw RequestError(
                    .invalidValue, "function_call", "'function_call' is only allowed when 'functions' are specified.")
            }
        default: throw .type("function_call", "a string or an object")
        }
    }
}
