/// The chunks of a streamed answer put together to the completion an unstreamed request would have got (pure).
///
/// Texts of a choice are joined by field (`content`, `reasoning_content`, `refusal`), tool calls by their index, lists
/// (`thinking_blocks`, log probabilities) one behind the other; of every other member the last one stays. An answer that began again counts from its last beginning.
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

    /// The completion; `usage` as the end record has it.
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
            choice.extras.set(member.key, joined(choice.extras[member.key], member.value, isText: false))
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
            choice.message.set(member.key, joined(choice.message[member.key], member.value, isText: false))
        }
    }

    private static func add(call: JSON, to choice: inout Choice) {
        guard let object = call.objectValue else { return }
        let index = object["index"]?.intValue ?? 0
        var whole = choice.calls[index] ?? JSONObject()
        for member in object.members where member.key != "index" {
            whole.set(member.key, joined(whole[member.key], member.value, isText: false))
        }
        choice.calls[index] = whole
    }

    /// `arguments` come in pieces, and lists element by element; ids, types and names come once.
    private static func joined(_ old: JSON?, _ new: JSON, isText: Bool) -> JSON {
        switch (old, new) {
        case (.object(var whole)?, .object(let piece)):
            for member in piece.members {
                let isText = member.key == "arguments" || member.key == "input"
                whole.set(member.key, joined(whole[member.key], member.value, isText: isText))
            }
            return .object(whole)
        case (.string(let text)?, .string(let piece)) where isText: return .string(text + piece)
        case (.array(let list)?, .array(let more)): return .array(list + more)
        case (let old?, .null): return old
        default: return new
        }
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
