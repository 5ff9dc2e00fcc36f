/// Messages in the strict order of Baidu's v1: user (or function) and assistant in turn, user first and last.
///
/// In: typed messages. Out: turns, and the system text, which stands beside them. Adapted without a change of meaning:
/// system texts are joined, neighbours of the same role are merged, and function results are wrapped into an object as
/// Baidu's own SDK does, since models read nothing else there. `check` refuses what this cannot repair.
import Shared

struct ErnieMessages: Sendable {
    private struct Turn: Sendable {
        var index: Int
        var role: ChatMessage.Role
        var text: String
        var call: ChatMessage.Call?
        var name: String?
    }

    private static let separator = "\n\n"
    /// Stands for blank content, which is refused.
    ///
    /// Baidu's SDK writes it for a message without content (openai/adapter.py).
    private static let nothing = "/"

    let system: String?
    private let messages: [ChatMessage]
    private var turns: [Turn] = []

    init(_ messages: [ChatMessage]) {
        self.messages = messages
        let texts = messages.filter { $0.role == .system }.map(\.text).filter { !$0.isEmpty }
        system = texts.isEmpty ? nil : texts.joined(separator: Self.separator)
        var names: [String: String] = [:]
        for message in messages where message.role != .system {
            for call in message.calls { names[call.id] = call.name }
            append(message, name: message.name ?? message.callID.flatMap { names[$0] })
        }
    }

    private mutating func append(_ message: ChatMessage, name: String?) {
        let turn = Turn(
            index: message.index, role: message.role, text: message.text, call: message.calls.first,
            name: message.role == .tool ? name : nil)
        guard var last = turns.last, last.role == turn.role, last.role != .tool, last.call == nil else {
            turns.append(turn)
            return
        }
        last.text += (last.text.isEmpty || turn.text.isEmpty ? "" : Self.separator) + turn.text
        last.call = turn.call
        turns[turns.count - 1] = last
    }

    // MARK: - Check

    func check(_ fields: FieldCheck) throws(JobFailure) {
        for message in messages { try check(message, fields) }
        var previous: Turn?
        for turn in turns {
            try check(turn, after: previous, fields)
            previous = turn
        }
        guard let last = previous else { throw fields.refusal("messages", "one must be the user's") }
        if last.role == .assistant {
            throw fields.refusal("messages[\(last.index)].role", "the last message must be the user's or a function's")
        }
    }

    private func check(_ message: ChatMessage, _ fields: FieldCheck) throws(JobFailure) {
        if message.calls.count > 1 {
            throw fields.refusal("messages[\(message.index)].tool_calls", "one call at a time")
        }
        for (position, part) in message.parts.enumerated() {
            let path = "\(message.contentPath)[\(position)]"
            switch part {
            case .text: continue
            case .image: throw fields.refusal(path, "it takes no images")
            case .other(let type): throw fields.refusal(path, "parts of type \(SafeText.code(type) ?? "unknown")")
            }
        }
    }

    private func check(_ turn: Turn, after previous: Turn?, _ fields: FieldCheck) throws(JobFailure) {
        let path = "messages[\(turn.index)]"
        switch (previous?.role, turn.role) {
        case (nil, .user), (.assistant, .user), (.user, .assistant), (.tool, .assistant): break
        case (.assistant, .tool) where previous?.call != nil: break
        case (nil, _): throw fields.refusal(path + ".role", "a conversation begins with the user")
        default: throw fields.refusal(path + ".role", "user (or function) and assistant must take turns")
        }
        if turn.role == .user, turn.text.allSatisfy(\.isWhitespace) {
            throw fields.refusal(path + ".content", "it must not be blank")
        }
        if turn.role == .tool, turn.name == nil {
            throw fields.refusal(path + ".tool_call_id", "no call of that id stands before it")
        }
    }

    // MARK: - JSON

    var json: JSON { .array(turns.map(Self.json)) }

    private static func json(_ turn: Turn) -> JSON {
        switch turn.role {
        case .tool:
            return ["role": "function", "name": .string(turn.name ?? ""), "content": .string(result(turn.text))]
        case .assistant:
            let text = turn.text.allSatisfy(\.isWhitespace) ? nothing : turn.text
            var object: JSONObject = ["role": "assistant", "content": .string(text)]
            if let call = turn.call {
                object.set("function_call", ["name": .string(call.name), "arguments": .string(call.arguments)])
            }
            return .object(object)
        case .user, .system: return ["role": "user", "content": .string(turn.text)]
        }
    }

    /// An object goes out as it came, anything else as `{"result": …}`.
    private static func result(_ text: String) -> String {
        if (try? JSON(parsing: Array(text.utf8)))?.objectValue != nil { return text }
        let wrapped: JSONObject = ["result": .string(text)]
        return String(decoding: wrapped.encoded, as: UTF8.self)
    }
}
