/// Passes on only the new text of a model that repeats all text in every event.
///
/// Used only for models that are documented to do so (`DashScopeModel.repeatsText`). A text that does not begin with
/// the text before it is wholly new.
import Shared

struct RepeatedText: Sendable {
    /// All text so far, by choice.
    private var said: [Int: String] = [:]

    /// Returns the delta with only the new text in it.
    mutating func once(_ delta: ChatDelta) -> ChatDelta {
        switch delta.content {
        case .text(var text):
            guard text.field == .content else { return delta }
            text.text = new(text.text, choice: text.choice)
            return ChatDelta(text)
        case .chunk(let bytes):
            guard var chunk = (try? JSON(parsing: bytes))?.objectValue, let choices = chunk["choices"]?.arrayValue
            else { return delta }
            chunk.set("choices", .array(choices.map { once($0) }))
            var delta = delta
            delta.content = .chunk(chunk.encoded)
            return delta
        }
    }

    /// The last text of a choice may come beside its finish reason.
    private mutating func once(_ choice: JSON) -> JSON {
        guard var object = choice.objectValue, var delta = choice["delta"]?.objectValue,
            let text = delta["content"]?.stringValue
        else { return choice }
        delta.set("content", .string(new(text, choice: choice["index"]?.intValue ?? 0)))
        object.set("delta", .object(delta))
        return .object(object)
    }

    /// Compares bytes.
    ///
    /// For `String`, "e" is no prefix of "é" written as "e" and an accent.
    private mutating func new(_ text: String, choice: Int) -> String {
        let before = said[choice, default: ""]
        guard text.utf8.starts(with: before.utf8) else {
            said[choice] = before + text
            return text
        }
        said[choice] = text
        return String(decoding: text.utf8.dropFirst(before.utf8.count), as: UTF8.self)
    }
}
