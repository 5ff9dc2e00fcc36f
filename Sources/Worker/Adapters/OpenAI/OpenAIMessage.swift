/// Brings the texts of a platform's delta or message into OpenAI's form. Calls are left to `StreamedCalls` and
/// `WholeCalls`.
///
/// Thinking has several names (`reasoning` at vLLM and OpenRouter) and one here, `reasoning_content`. Content in parts
/// (Mistral) becomes one text, and the thinking among it gets its own place. Correct members are not touched.
import Shared

enum OpenAIMessage {
    /// Other names of `reasoning_content`.
    static let thinkingNames: Set<String> = ["reasoning", "reasoning_text", "thinking"]
    /// Members that some servers set to null where they have nothing.
    private static let neverNull: Set<String> = ["annotations", "function_call", "role", "tool_calls"]

    static func mend(_ message: inout JSONObject) {
        for member in message.members {
            switch (member.key, member.value) {
            case ("content", .string), ("content", .null): break
            case ("content", let value): mendContent(&message, value)
            case ("tool_calls", .array(let calls)) where calls.isEmpty: message.remove("tool_calls")
            case (let name, .null) where neverNull.contains(name): message.remove(name)
            case (let name, .string(let text)) where thinkingNames.contains(name): rename(name, text, &message)
            case ("reasoning_details", .array(let details)): mendDetails(&message, details)
            default: break
            }
        }
    }

    // MARK: - Thinking

    private static func hasThinking(_ message: JSONObject) -> Bool {
        message["reasoning_content"]?.stringValue?.isEmpty == false
    }

    /// Servers that send both names mostly repeat the text.
    private static func rename(_ name: String, _ text: String, _ message: inout JSONObject) {
        if !hasThinking(message) {
            message.remove(name)
            message.set("reasoning_content", .string(text))
        } else if text.isEmpty || message["reasoning_content"] == .string(text) {
            message.remove(name)
        }
    }

    /// Keeps OpenRouter's list, which callers send back.
    ///
    /// Its texts are the thinking where no other member holds it.
    private static func mendDetails(_ message: inout JSONObject, _ details: [JSON]) {
        guard !hasThinking(message), !message.members.contains(where: { thinkingNames.contains($0.key) }) else {
            return
        }
        let text = details.compactMap { ($0["text"] ?? $0["summary"])?.stringValue }.joined()
        if !text.isEmpty { message.set("reasoning_content", .string(text)) }
    }

    // MARK: - Content in parts

    private static func mendContent(_ message: inout JSONObject, _ value: JSON) {
        var texts = Texts()
        for part in value.arrayValue ?? [value] { texts.add(part) }
        message.set("content", texts.content.map(JSON.string) ?? .null)
        if !texts.thinking.isEmpty, !hasThinking(message) {
            message.set("reasoning_content", .string(texts.thinking))
        }
        if !texts.others.isEmpty { message.set("content_parts", .array(texts.others)) }
    }

    private struct Texts {
        var content: String?
        var thinking = ""
        /// Parts that are no text (images, references), for which OpenAI's answers have no place.
        var others: [JSON] = []

        mutating func add(_ part: JSON) {
            switch (part["type"]?.stringValue, part) {
            case ("thinking", _), ("reasoning", _): thinking += Self.text(part)
            case (_, .string(let text)): content = (content ?? "") + text
            case (_, .object(let object)) where object["text"]?.stringValue != nil:
                content = (content ?? "") + Self.text(part)
            case (_, .null): break
            case (_, .object): others.append(part)
            default: content = (content ?? "") + CallPiece.text(part)
            }
        }

        /// Mistral nests the texts of its thinking once more.
        private static func text(_ part: JSON) -> String {
            switch part {
            case .string(let text): text
            case .array(let parts): parts.map(text).joined()
            case .object:
                ["text", "thinking", "reasoning", "content"].lazy.compactMap { part[$0] }.first.map(text) ?? ""
            default: ""
            }
        }
    }
}
