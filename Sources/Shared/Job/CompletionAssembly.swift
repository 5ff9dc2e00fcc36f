/// Puts the chunks of a streamed answer together to the completion of an unstreamed request (pure).
///
/// Texts of a choice are joined by field (`content`, `reasoning_content`, `refusal`), tool calls by their index, and
/// lists (`thinking_blocks`, log probabilities) one behind the other. Of every other member the last one stays. An
/// answer that began again counts from its last beginning.
package struct CompletionAssembly: Sendable {
    private struct Choice: Sendable {
        var message: JSONObject = ["role": "assistant", "content": .null, "refusal": .null]
        var texts: [(name: String, text: String)] = []
        var calls: [Int: JSONObject] = [:]
        var finishReason = JSON.null
        var extras = JSONObject()
    }

    private var choices: [Int: Choice] = [:]
    private var members = JSONObject()

    package init() {}

    package mutating func restart() { self = CompletionAssembly() }

    /// A payload of the log: chunks without envelope, separated by line feeds.
    package mutating func add(_ payload: some Collection<UInt8>) {
        for line in payload.split(separator: UInt8(ascii: "\n")) {
            guard let chunk = try? JSON(parsing: Array(line)), let object = chunk.objectValue else { continue }
            for member in object.members where member.key != "choices" { members.set(member.key, member.value) }
            for choice in object["choices"]?.arrayValue ?? [] {
                // In place: a copy here would make the assembly of a long answer quadratic.
                Self.add(choice, to: &choices[choice["index"]?.intValue ?? 0, default: Choice()])
            }
        }
    }

    /// The completion, with `usage` as the end record has it.
    package func completion(id: String, created: Int64, usage: JSON?) -> JSON {
        var body: JSONObject = [
            "id": .string("chatcmpl-\(id)"), "object": "chat.completion",
            "created": .number(JSONNumber(created)),
        ]
        for member in members.members { body.set(member.key, member.value) }
        body.set("choices", .array(choices.sorted { $0.key < $1.key }.map { Self.json($0.key, $0.value) }))
        if let usage { body.set("usage", usage) }
        return .object(body)
    }

    private static func add(_ chunk: JSON, to choice: inout Choice) {
        for member in chunk["delta"]?.objectValue?.members ?? [] { add(member, to: &choice) }
        if let reason = chunk["finish_reason"], reason != .null { choice.finishReason = reason }
        for member in chunk.objectValue?.members ?? []
        where !["index", "delta", "finish_reason"].contains(member.key) && member.value != .null {
            choice.extras.change(member.key) { join(member.value, to: &$0, isText: false) }
        }
    }

    private static func add(_ member: JSONObject.Member, to choice: inout Choice) {
        switch (member.key, member.value) {
        case ("tool_calls", .array(let calls)): for call in calls { add(call: call, to: &choice) }
        case ("content", .string(let text)), ("reasoning_content", .string(let text)), ("refusal", .string(let text)):
            if let index = choice.texts.firstIndex(where: { $0.name == member.key }) {
                choice.texts[index].text += text
            } else {
                choice.texts.append((member.key, text))
            }
        case (_, .null): break
        default:
            choice.message.change(member.key) { join(member.value, to: &$0, isText: false) }
        }
    }

    private static func add(call: JSON, to choice: inout Choice) {
        guard let object = call.objectValue else { return }
        join(object.filter { $0.key != "index" }, to: &choice.calls[object["index"]?.intValue ?? 0, default: [:]])
    }

    private static func join(_ piece: JSONObject, to whole: inout JSONObject) {
        for member in piece.members {
            whole.change(member.key) { join(member.value, to: &$0, isText: false) }
        }
    }

    /// Joins a value to the one before it.
    ///
    /// `arguments` come in pieces and lists element by element, while ids, types and names come once. It works in
    /// place, for which the old value lets go of what is added to.
    private static func join(_ new: JSON, to old: inout JSON, isText: Bool) {
        switch new {
        case .null: return
        case .object(let piece): join(members: piece, to: &old)
        case .string(let piece) where isText: join(text: piece, to: &old)
        case .array(let more): join(list: more, to: &old)
        default: old = new
        }
    }

    private static func join(members piece: JSONObject, to old: inout JSON) {
        var whole = JSONObject()
        if case .object(let begun) = old { whole = begun }
        old = .null
        for member in piece.members {
            let isText = member.key == "arguments" || member.key == "input"
            whole.change(member.key) { join(member.value, to: &$0, isText: isText) }
        }
        old = .object(whole)
    }

    private static func join(text piece: String, to old: inout JSON) {
        var text = ""
        if case .string(let begun) = old { text = begun }
        old = .null
        text += piece
        old = .string(text)
    }

    private static func join(list more: [JSON], to old: inout JSON) {
        var list: [JSON] = []
        if case .array(let begun) = old { list = begun }
        old = .null
        list += more
        old = .array(list)
    }

    private static func json(_ index: Int, _ choice: Choice) -> JSON {
        var message = choice.message
        for (name, text) in choice.texts { message.set(name, .string(text)) }
        if !choice.calls.isEmpty {
            message.set("tool_calls", .array(choice.calls.sorted { $0.key < $1.key }.map { .object($0.value) }))
        }
        var json: JSONObject = [
            "index": .int(index), "message": .object(message), "logprobs": .null,
            "finish_reason": choice.finishReason,
        ]
        for member in choice.extras.members { json.set(member.key, member.value) }
        return .object(json)
    }
}
