/// Messages in the strict order of Hunyuan's native API: system, then user (or tools) and assistant in turn.
///
/// In: typed messages. Out: turns. Adapted without a change of meaning: system texts are joined and come first, and
/// neighbours of the same role are merged. `check` refuses what this cannot repair. Names of speakers and thinking that
/// was sent back are left out, since the platform has no field for the first and refuses the second.
import Shared

struct HunyuanMessages: Sendable {
    struct Turn: Sendable {
        /// The position of its first message in the request, for error texts.
        var index: Int
        var role: ChatMessage.Role
        var parts: [ChatMessage.Part]
        var calls: [ChatMessage.Call] = []
        var callID: String?
    }

    static let maxMessages = 40
    private static let separator = "\n\n"
    /// Stands for empty content beside calls or an image, since content must not be empty.
    private static let nothing = " "

    private(set) var turns: [Turn] = []

    init(_ messages: [ChatMessage]) {
        let system = messages.filter { $0.role == .system && !$0.text.isEmpty }
        if let first = system.first {
            let text = system.map(\.text).joined(separator: Self.separator)
            turns.append(Turn(index: first.index, role: .system, parts: [.text(text)]))
        }
        for message in messages where message.role != .system { append(message) }
    }

    private mutating func append(_ message: ChatMessage) {
        let turn = Turn(
            index: message.index, role: message.role, parts: message.parts, calls: message.calls,
            callID: message.callID)
        guard var last = turns.last, last.role == turn.role, last.role != .tool, last.calls.isEmpty else {
            turns.append(turn)
            return
        }
        let isApart = !last.isEmpty && !turn.isEmpty
        last.parts += (isApart ? [.text(Self.separator)] : []) + turn.parts
        last.calls = turn.calls
        turns[turns.count - 1] = last
    }

    // MARK: - Check

    func check(_ fields: FieldCheck) throws(JobFailure) {
        guard turns.count <= Self.maxMessages else {
            throw fields.refusal("messages", "it takes \(Self.maxMessages) messages at most")
        }
        let speaking = turns.filter { $0.role != .system }
        guard let last = speaking.last else { throw fields.refusal("messages", "one must be the user's") }
        var previous: Turn?
        for turn in speaking {
            try check(turn, after: previous, fields)
            previous = turn
        }
        if last.role == .assistant {
            throw fields.refusal("messages[\(last.index)].role", "the last message must be the user's or a tool's")
        }
    }

    private func check(_ turn: Turn, after previous: Turn?, _ fields: FieldCheck) throws(JobFailure) {
        let path = "messages[\(turn.index)]"
        switch (previous?.role, turn.role) {
        case (nil, .user), (.assistant, .user), (.user, .assistant), (.tool, .assistant), (.tool, .tool): break
        case (.assistant, .tool) where previous?.calls.isEmpty == false: break
        case (nil, _): throw fields.refusal(path + ".role", "a conversation begins with the user")
        default: throw fields.refusal(path + ".role", "user (or tool) and assistant must take turns")
        }
        for (position, part) in turn.parts.enumerated() {
            switch part {
            case .text: continue
            case .image where turn.role == .user: continue
            case .image: throw fields.refusal("\(path).content", "only user messages hold images")
            case .other(let type):
                let type = SafeText.code(type) ?? "unknown"
                throw fields.refusal("\(path).content[\(position)]", "parts of type \(type)")
            }
        }
        if turn.role == .user, turn.isEmpty { throw fields.refusal(path + ".content", "it must not be empty") }
    }

    // MARK: - JSON

    var json: JSON { .array(turns.map(Self.json)) }

    private static func json(_ turn: Turn) -> JSON {
        var object: JSONObject = ["Role": .string(turn.role.rawValue)]
        if turn.hasImage {
            object.set("Contents", .array(contents(turn)))
        } else {
            object.set("Content", .string(turn.isEmpty ? nothing : turn.text))
        }
        if !turn.calls.isEmpty { object.set("ToolCalls", .array(turn.calls.enumerated().map(call))) }
        if let id = turn.callID { object.set("ToolCallId", .string(id)) }
        return .object(object)
    }

    private static func contents(_ turn: Turn) -> [JSON] {
        var contents: [JSON] = turn.parts.compactMap { part in
            switch part {
            case .text(let text): text.isEmpty ? nil : ["Type": "text", "Text": .string(text)]
            case .image(let source): ["Type": "image_url", "ImageUrl": ["Url": .string(source.url)]]
            case .other: nil
            }
        }
        // One part must be a text.
        if turn.text.isEmpty { contents.append(["Type": "text", "Text": .string(nothing)]) }
        return contents
    }

    private static func call(_ index: Int, _ call: ChatMessage.Call) -> JSON {
        [
            "Id": .string(call.id), "Type": "function",
            "Function": ["Name": .string(call.name), "Arguments": .string(call.arguments)], "Index": .int(index),
        ]
    }
}

extension HunyuanMessages.Turn {
    var text: String {
        parts.reduce(into: "") { text, part in if case .text(let more) = part { text += more } }
    }

    var hasImage: Bool {
        parts.contains { part in if case .image = part { true } else { false } }
    }

    var isEmpty: Bool { text.isEmpty && !hasImage }
}
