/// Keeps the members that a strict server knows, of messages, parts, calls and tools, and removes all others.
///
/// Parts, calls and tools of types that this service does not understand are the platform's own, and go out as they
/// came.
import Shared

struct KnownMembers: Sendable {
    /// Of messages.
    var message: Set<String> = ["role", "content", "name", "tool_calls", "tool_call_id"]

    /// Returns true if anything was changed.
    func strip(_ message: inout JSONObject) -> Bool {
        var isChanged = moveTextIntoContent(&message)
        if message.removeAll(where: { !self.message.contains($0.key) }) { isChanged = true }
        if let content = message["content"]?.arrayValue, let kept = parts(content) {
            message.set("content", kept.isEmpty ? "" : .array(kept))
            isChanged = true
        }
        if let audio = message["audio"]?.objectValue, let kept = Self.kept(audio, ["id"]) {
            message.set("audio", .object(kept))
            isChanged = true
        }
        if let calls = message["tool_calls"]?.arrayValue, let kept = calls.changed(Self.call) {
            message.set("tool_calls", .array(kept))
            isChanged = true
        }
        return isChanged
    }

    /// Moves a refusal or transcript beside an empty content into the content, where the platform has no other place
    /// for it.
    private func moveTextIntoContent(_ message: inout JSONObject) -> Bool {
        guard message["role"] == "assistant", [nil, .null, ""].contains(message["content"]),
            !["refusal", "audio"].contains(where: { self.message.contains($0) && message[$0] != nil }),
            let words = ChatMessage.wordsBesideContent(message)
        else { return false }
        message.set("content", .string(words))
        return true
    }

    /// Leaves empty texts out, which strict servers refuse.
    private func parts(_ parts: [JSON]) -> [JSON]? {
        let kept = parts.filter { $0["type"] != "text" || $0["text"] != "" }
        let changed = kept.changed(part)
        return changed ?? (kept.count < parts.count ? kept : nil)
    }

    private func part(_ part: JSONObject) -> JSONObject? {
        switch part["type"] {
        case "text": return Self.kept(part, ["type", "text"])
        case "refusal" where !message.contains("refusal"): return ["type": "text", "text": part["refusal"] ?? ""]
        case "image_url":
            let image = part["image_url"]?.objectValue ?? [:]
            guard let known = Self.kept(image, ["url", "detail"]) else {
                return Self.kept(part, ["type", "image_url"])
            }
            return ["type": "image_url", "image_url": .object(known)]
        default: return nil
        }
    }

    private static func call(_ call: JSONObject) -> JSONObject? {
        guard call["type"] == "function", let function = call["function"]?.objectValue else { return nil }
        let kept = kept(call, ["id", "type", "function"])
        guard let known = Self.kept(function, ["name", "arguments"]) else { return kept }
        var result = kept ?? call
        result.set("function", .object(known))
        return result
    }

    /// The tools without members that only other platforms know, `nil` where there is nothing to remove.
    static func tools(_ tools: [JSON]) -> [JSON]? { tools.changed(tool) }

    private static func tool(_ tool: JSONObject) -> JSONObject? {
        guard tool["type"] == "function", let function = tool["function"]?.objectValue else { return nil }
        let kept = kept(tool, ["type", "function"])
        guard let known = self.function(function) else { return kept }
        var result = kept ?? tool
        result.set("function", .object(known))
        return result
    }

    /// A function's definition, `nil` where there is nothing to remove.
    static func function(_ function: JSONObject) -> JSONObject? {
        kept(function, ["name", "description", "parameters", "strict"])
    }

    // MARK: - Looking, and only then building

    private static func kept(_ object: JSONObject, _ names: [String]) -> JSONObject? {
        var kept = object
        return kept.removeAll { !names.contains($0.key) } ? kept : nil
    }
}
