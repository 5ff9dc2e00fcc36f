/// Removes members that mean nothing from a request, before it is checked and before any platform sees it.
///
/// In: the body as the caller sent it. Out: the same without members that are null or empty and mean "absent", and with
/// the little that callers leave out and strict servers want: an assistant's `content`, a call's `id`, `type`,
/// `arguments`. `nil` where there is nothing to do, which is the common case: then nothing is built. Values of a wrong
/// type stay as they are, for the check to name them.
struct ChatRequestTidying {
    /// Empty values that mean the same as no value, by the member's name.
    ///
    /// A null means nothing under any name.
    private static let emptyMembers: [String: [JSON]] = [
        "tools": [[]], "functions": [[]], "modalities": [[]], "stop": [[], ""],
        "stream_options": [[:]], "response_format": [[:]], "logit_bias": [[:]], "metadata": [[:]], "thinking": [[:]],
        "audio": [[:]], "prediction": [[:]],
        "tool_choice": ["", [:]], "function_call": ["", [:]], "user": [""], "reasoning_effort": [""],
        "service_tier": [""], "verbosity": [""], "safety_identifier": [""], "prompt_cache_key": [""],
    ]
    private static let emptyMessageMembers: [String: [JSON]] = [
        "tool_calls": [[]], "function_call": [[:]], "annotations": [[]], "thinking_blocks": [[]], "name": [""],
        "refusal": [""], "audio": [[:]], "tool_call_id": [""],
    ]

    /// `nil` where the body may stay as it is.
    static func tidied(_ body: JSONObject) -> JSONObject? {
        var tidy = body
        var isChanged = tidy.removeAll { saysNothing($0, emptyMembers) }
        for (name, edit) in [("messages", message), ("tools", tool)] {
            guard let elements = tidy[name]?.arrayValue, let changed = elements.changed(edit) else { continue }
            tidy.set(name, .array(changed))
            isChanged = true
        }
        if let messages = tidy["messages"]?.arrayValue.flatMap(CallIDs.completed) {
            tidy.set("messages", .array(messages))
            isChanged = true
        }
        if let stops = tidy["stop"]?.arrayValue, stops.contains("") {
            tidy.set("stop", .array(stops.filter { $0 != "" }))
            isChanged = true
        }
        let whole = tidy
        isChanged = tidy.removeAll { isIdle($0, in: whole) } || isChanged
        return isChanged ? tidy : nil
    }

    // MARK: - Members

    private static func saysNothing(_ member: JSONObject.Member, _ empty: [String: [JSON]]) -> Bool {
        switch member.value {
        case .null: true
        case .string(let text): text.isEmpty && empty[member.key]?.contains("") == true
        case .array(let elements): elements.isEmpty && empty[member.key]?.contains([]) == true
        case .object(let object): object.isEmpty && empty[member.key]?.contains([:]) == true
        case .bool, .number: false
        }
    }

    /// Members that only mean something beside others, which are missing.
    private static func isIdle(_ member: JSONObject.Member, in body: JSONObject) -> Bool {
        switch member.key {
        case "max_tokens": body["max_completion_tokens"] != nil
        case "tool_choice", "function_call":
            (member.value == "auto" || member.value == "none") && body["tools"] == nil && body["functions"] == nil
        case "parallel_tool_calls":
            member.value.boolValue != nil && body["tools"] == nil && body["functions"] == nil
        case "stop": member.value == []
        case "stream_options": body["stream"]?.boolValue != true && member.value == ["include_usage": false]
        default: false
        }
    }

    // MARK: - Messages

    private static func message(_ message: JSONObject) -> JSONObject? {
        if isPlain(message) { return nil }
        var tidy = message
        var isChanged = tidy.removeAll { $0.key != "content" && saysNothing($0, emptyMessageMembers) }
        if let calls = tidy["tool_calls"]?.arrayValue, let changed = calls.changed(call) {
            tidy.set("tool_calls", .array(changed))
            isChanged = true
        }
        if let call = tidy["function_call"]?.objectValue, let changed = withArguments(call) {
            tidy.set("function_call", .object(changed))
            isChanged = true
        }
        if let content = content(of: tidy) {
            tidy.set("content", content)
            isChanged = true
        }
        return isChanged ? tidy : nil
    }

    /// A role and a text and nothing else, as most messages are.
    private static func isPlain(_ message: JSONObject) -> Bool {
        message.count == 2 && message["role"]?.stringValue != nil && message["content"]?.stringValue != nil
    }

    /// The content in another form, or `nil` where it may stay.
    ///
    /// An assistant may have said nothing, and a tool may have nothing to say. Beside calls that is a null, as OpenAI
    /// writes it. Elsewhere it is an empty text, which every server takes.
    private static func content(of message: JSONObject) -> JSON? {
        switch message["content"] {
        case .array(let parts) where !parts.isEmpty: return parts.changed(part).map(JSON.array)
        case nil, .null, .array:
            switch message["role"] {
            case "assistant" where message["tool_calls"] != nil || message["function_call"] != nil:
                return message["content"] == .null ? nil : .null
            case "assistant", "tool", "function": return ""
            default: return nil
            }
        default: return nil
        }
    }

    private static func part(_ part: JSONObject) -> JSONObject? {
        var tidy = part
        var isChanged = tidy.removeAll { $0.value == .null }
        if var image = tidy["image_url"]?.objectValue,
            image.removeAll(where: { $0.value == .null || $0.value == "" })
        {
            tidy.set("image_url", .object(image))
            isChanged = true
        }
        return isChanged ? tidy : nil
    }

    private static func call(_ call: JSONObject) -> JSONObject? {
        var tidy = call
        var isChanged = tidy.removeAll { $0.value == .null }
        guard let function = tidy["function"]?.objectValue else { return isChanged ? tidy : nil }
        if tidy["type"] == nil {
            tidy.set("type", "function")
            isChanged = true
        }
        if let changed = withArguments(function) {
            tidy.set("function", .object(changed))
            isChanged = true
        }
        return isChanged ? tidy : nil
    }

    /// A call of a function without parameters has `{}`, however the model wrote that.
    private static func withArguments(_ function: JSONObject) -> JSONObject? {
        switch function["arguments"] {
        case nil, .null: break
        case .string(let text) where text.allSatisfy(\.isWhitespace): break
        default: return nil
        }
        var function = function
        function.set("arguments", "{}")
        return function
    }

    // MARK: - Tools

    private static func tool(_ tool: JSONObject) -> JSONObject? {
        var tidy = tool
        var isChanged = tidy.removeAll { $0.value == .null }
        if var function = tidy["function"]?.objectValue, function.removeAll(where: { $0.value == .null }) {
            tidy.set("function", .object(function))
            isChanged = true
        }
        return isChanged ? tidy : nil
    }
}
