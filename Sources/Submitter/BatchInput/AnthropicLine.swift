import Shared

/// Translates `params` of a line for Anthropic's Message Batches into a chat (pure).
///
/// Taken: texts in `messages` and `system`, `max_tokens`, `temperature`, `top_p`, `top_k`, `stop_sequences` and
/// `metadata.user_id`. Everything else is refused by its name, since a part that is lost would change the answer.
/// (platform.claude.com/docs/en/api/messages/batches/create, 2026-11)
enum AnthropicLine {
    static func body(_ line: JSONObject) throws(BatchLine.Mistake) -> JSONObject {
        guard let params = line["params"]?.objectValue else { throw expected("params", "an object") }
        var body = JSONObject()
        var messages: [JSON] = []
        for member in params.members where member.value != .null {
            switch member.key {
            case "messages": continue
            case "system":
                messages = [["role": "system", "content": .string(try text(member.value, "params.system"))]]
            case "model", "max_tokens", "temperature", "top_p", "top_k": body.set(member.key, member.value)
            case "stop_sequences": body.set("stop", member.value)
            case "metadata": if let user = try user(member.value) { body.set("user", user) }
            // The answers of a batch are whole.
            case "stream": continue
            default: throw BatchLine.Mistake(field: "params.\(name(member.key))", message: untranslated)
            }
        }
        body.set("messages", .array(messages + (try turns(params["messages"]))))
        return body
    }

    private static let untranslated = "it cannot be translated: write the line in OpenAI's form"

    private static func turns(_ messages: JSON?) throws(BatchLine.Mistake) -> [JSON] {
        guard let messages = messages?.arrayValue else { throw expected("params.messages", "an array") }
        var turns: [JSON] = []
        for (index, message) in messages.enumerated() {
            let path = "params.messages[\(index)]"
            guard let role = message["role"], role == "user" || role == "assistant" else {
                throw expected("\(path).role", "user or assistant")
            }
            turns.append(["role": role, "content": .string(try text(message["content"], "\(path).content"))])
        }
        return turns
    }

    /// A text, or the texts of blocks, which follow each other without anything between.
    private static func text(_ content: JSON?, _ path: String) throws(BatchLine.Mistake) -> String {
        if let text = content?.stringValue { return text }
        guard let blocks = content?.arrayValue else { throw expected(path, "a text or an array of text blocks") }
        var text = ""
        for (index, block) in blocks.enumerated() {
            guard block["type"] == "text", let part = block["text"]?.stringValue else {
                throw expected("\(path)[\(index)]", "a text block: others cannot be translated")
            }
            text += part
        }
        return text
    }

    private static func user(_ metadata: JSON) throws(BatchLine.Mistake) -> JSON? {
        guard let object = metadata.objectValue else { throw expected("params.metadata", "an object") }
        return object["user_id"]
    }

    private static func expected(_ field: String, _ what: String) -> BatchLine.Mistake {
        BatchLine.Mistake(field: field, message: "expected \(what)")
    }

    /// A name that looks like a field's, since callers choose keys, too.
    private static func name(_ key: String) -> String {
        let isPlain = (1...64).contains(key.utf8.count) && key.utf8.allSatisfy { $0.isASCIIAlphanumeric || $0 == 95 }
        return isPlain ? key : "?"
    }
}
