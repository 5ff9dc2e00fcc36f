/// Checks `messages`: roles, contents and their parts, calls and their results.
///
/// Roles and parts of an unknown type pass, since platforms have some of their own and add more faster than we do.
/// Answers of this service pass word for word, too: they are the next request's history.
extension ChatRequestCheck {
    mutating func messages(_ body: JSONObject) throws(RequestError) {
        guard let value = present(body, "messages") else { throw .missing("messages") }
        guard let messages = value.arrayValue else { throw .type("messages", "an array") }
        guard !messages.isEmpty else { throw .value("messages", "at least one message") }
        guard messages.count <= limits.maxMessages else {
            throw .value("messages", "at most \(limits.maxMessages) messages")
        }
        for (index, message) in messages.enumerated() {
            guard let object = message.objectValue else { throw .type("messages[\(index)]", "an object") }
            try self.message(object, index)
        }
    }

    private mutating func message(_ message: JSONObject, _ index: Int) throws(RequestError) {
        guard let role = present(message, "role") else { throw .missing("messages[\(index)].role") }
        guard let role = role.stringValue else { throw .type("messages[\(index)].role", "a string") }
        if let name = present(message, "name"), name.stringValue == nil {
            throw .type("messages[\(index)].name", "a string")
        }
        switch role {
        case "assistant": try assistant(message, index)
        case "tool": try requireString(message, "tool_call_id", index)
        case "function": try requireString(message, "name", index)
        default:
            guard (1...Self.longestWord).contains(role.utf8.count) else {
                throw .value("messages[\(index)].role", "1 to \(Self.longestWord) bytes")
            }
        }
        try content(message, index)
    }

    private func requireString(_ message: JSONObject, _ name: String, _ index: Int) throws(RequestError) {
        guard let value = present(message, name) else { throw .missing("messages[\(index)].\(name)") }
        guard value.stringValue != nil else { throw .type("messages[\(index)].\(name)", "a string") }
    }

    private func assistant(_ message: JSONObject, _ index: Int) throws(RequestError) {
        if let call = present(message, "function_call") {
            let path = "messages[\(index)].function_call"
            guard let call = call.objectValue else { throw .type(path, "an object") }
            try function(call, path)
        }
        guard let value = present(message, "tool_calls") else { return }
        let path = "messages[\(index)].tool_calls"
        guard let calls = value.arrayValue else { throw .type(path, "an array") }
        for (position, call) in calls.enumerated() {
            try toolCall(call, "\(path)[\(position)]")
        }
    }

    private func toolCall(_ call: JSON, _ path: String) throws(RequestError) {
        guard let call = call.objectValue else { throw .type(path, "an object") }
        guard present(call, "id")?.stringValue != nil else { throw .missing("\(path).id") }
        guard let value = present(call, "function") else {
            if present(call, "type")?.stringValue ?? "function" == "function" { throw .missing("\(path).function") }
            return
        }
        guard let function = value.objectValue else { throw .type("\(path).function", "an object") }
        try self.function(function, "\(path).function")
    }

    private func function(_ function: JSONObject, _ path: String) throws(RequestError) {
        guard present(function, "name")?.stringValue != nil else { throw .missing("\(path).name") }
        if let arguments = present(function, "arguments"), arguments.stringValue == nil {
            throw .type("\(path).arguments", "a string")
        }
    }

    private mutating func content(_ message: JSONObject, _ index: Int) throws(RequestError) {
        switch present(message, "content") {
        case .string: return
        case .array(let parts):
            guard !parts.isEmpty else { throw .value("messages[\(index)].content", "at least one part") }
            for (position, part) in parts.enumerated() {
                try self.part(part) { "messages[\(index)].content[\(position)]\($0)" }
            }
        case nil where message["role"] == "assistant": return
        case nil: throw .missing("messages[\(index)].content")
        default: throw .type("messages[\(index)].content", "a string or an array of content parts")
        }
    }

    private mutating func part(_ part: JSON, _ path: (String) -> String) throws(RequestError) {
        guard let part = part.objectValue else { throw .type(path(""), "an object") }
        guard let type = present(part, "type") else { throw .missing(path(".type")) }
        guard let type = type.stringValue else { throw .type(path(".type"), "a string") }
        switch type {
        case "text":
            guard let text = present(part, "text") else { throw .missing(path(".text")) }
            guard text.stringValue != nil else { throw .type(path(".text"), "a string") }
        case "image_url":
            guard let image = present(part, "image_url") else { throw .missing(path(".image_url")) }
            guard image.objectValue != nil else { throw .type(path(".image_url"), "an object") }
            guard let url = image["url"], !url.isNull else { throw .missing(path(".image_url.url")) }
            guard url.stringValue != nil else { throw .type(path(".image_url.url"), "a string") }
            if neededBy[.vision] == nil { neededBy[.vision] = path("") }
        default: return
        }
    }
}
