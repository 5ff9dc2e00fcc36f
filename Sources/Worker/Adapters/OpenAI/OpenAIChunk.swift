/// Reads one chunk of an OpenAI-shaped stream; what the compatible platforms share.
///
/// In: the chunk as JSON. Out: the delta that goes on, and what the end of the stream needs to know of it.
import Shared

struct OpenAIChunk {
    /// `nil` for a chunk that only carries usage, or nothing.
    private(set) var delta: ChatDelta?
    private(set) var usage: TokenUsage?
    private(set) var id: String?
    private(set) var model: String?
    /// Indexes of the choices that appear, each with its finish reason if it has one.
    private(set) var choices: [(index: Int, finishReason: String?)] = []

    /// Ours to write (`id`, `object`, `created`), read here (`usage`, `choices`), or padding.
    private static func isDropped(_ name: String) -> Bool {
        switch name {
        case "id", "object", "created", "usage", "obfuscation", "choices": true
        default: false
        }
    }

    init(_ chunk: JSONObject) {
        usage = TokenUsage(openAI: chunk["usage"])
        id = chunk["id"]?.stringValue
        model = chunk["model"]?.stringValue
        let choices = chunk["choices"]?.arrayValue ?? []
        self.choices = choices.map { choice in
            let reason = choice["finish_reason"]?.stringValue
            return (choice["index"]?.intValue ?? 0, reason?.isEmpty == true ? nil : reason)
        }
        var envelope = JSONObject()
        for member in chunk.members where !OpenAIChunk.isDropped(member.key) {
            envelope.set(member.key, member.value)
        }
        if choices.isEmpty {
            // Content-filter notes of some servers come this way; usage and pings end here.
            guard usage == nil, envelope.members.contains(where: { $0.key != "model" && $0.value != .null })
            else { return }
        }
        delta = OpenAIChunk.textDelta(choices, envelope) ?? OpenAIChunk.otherDelta(choices, envelope)
    }

    private static func textDelta(_ choices: [JSON], _ envelope: JSONObject) -> ChatDelta? {
        guard choices.count == 1, let choice = choices[0].objectValue, let delta = choice["delta"]?.objectValue,
            choice.members.allSatisfy({ $0.key == "index" || $0.key == "delta" || isNothing($0.value) })
        else { return nil }
        var text: TextDelta?
        var role: String?
        for member in delta.members {
            if member.key == "role", let name = member.value.stringValue {
                role = name
            } else if let field = TextDelta.Field(rawValue: member.key), let piece = member.value.stringValue {
                // Servers that send both fields each time leave one of them empty.
                if let text, !text.text.isEmpty, !piece.isEmpty { return nil }
                if text == nil || !piece.isEmpty {
                    text = TextDelta(
                        envelope: envelope, choice: choice["index"]?.intValue ?? 0, field: field, text: piece)
                }
            } else if member.value != .null {
                return nil
            }
        }
        text?.role = role
        return text.map { ChatDelta($0) }
    }

    /// Null, or the empty string that some servers write for it.
    private static func isNothing(_ value: JSON) -> Bool {
        value == .null || value == .string("")
    }

    private static func otherDelta(_ choices: [JSON], _ envelope: JSONObject) -> ChatDelta {
        var chunk = envelope
        chunk.set("choices", .array(choices))
        var estimate = TokenEstimate()
        for choice in choices { addTexts(of: choice["delta"], to: &estimate) }
        return ChatDelta(content: .chunk(chunk.encoded), isVisible: estimate != TokenEstimate(), estimate: estimate)
    }

    /// Strings that the model wrote, wherever they stand in a delta or message.
    static func addTexts(of value: JSON?, to estimate: inout TokenEstimate) {
        switch value {
        case .string(let text): estimate.add(text)
        case .array(let elements): for element in elements { addTexts(of: element, to: &estimate) }
        case .object(let object):
            for member in object.members where member.key != "role" && member.key != "id" && member.key != "type" {
                addTexts(of: member.value, to: &estimate)
            }
        default: break
        }
    }
}
