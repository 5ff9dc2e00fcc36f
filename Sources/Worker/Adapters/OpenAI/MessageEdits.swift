/// The rewriting of messages for an OpenAI-compatible platform.
///
/// In: a request that the platform's checks let pass. Out: its messages, or `nil` where they may go out as they came.
import Shared

struct MessageEdits: Sendable {
    /// The members that the platform knows.
    ///
    /// `nil` lets everything through.
    ///
    /// Histories hold members of other platforms' answers, and strict servers refuse unknown ones.
    var known: KnownMembers?
    /// The role `developer` is not known.
    var developerIsSystem = false
    /// System texts are allowed only once and at the front, so they are joined there, in order.
    var joinsSystem = false
    /// Roles must alternate, so neighbours of one role become one message, with an empty line between their texts.
    var mergesNeighbours = false
    /// A user message is required.
    ///
    /// Where there are only instructions, the last one becomes the user's.
    var needsSpeaker = false
    /// The content of an assistant's or tool's message without one, for platforms that take no empty content.
    var nothing: String?
    /// The model reads thinking that was sent back.
    var keepsThinking: @Sendable (_ chat: ChatRequest, _ model: String) -> Bool = { _, _ in false }

    private static let systemRoles: [JSON?] = ["system", "developer"]

    func apply(to chat: ChatRequest, model: String) -> [JSON]? {
        var edits = self
        if edits.known != nil, keepsThinking(chat, model) { edits.known?.message.insert("reasoning_content") }
        return edits.apply(to: chat.messages)
    }

    private func apply(to messages: [JSON]) -> [JSON]? {
        let isSilent = needsSpeaker && messages.allSatisfy { Self.systemRoles.contains($0["role"]) }
        guard isSilent || joinsSystem || mergesNeighbours || messages.contains(where: { edited($0) != nil }) else {
            return nil
        }
        var result: [JSONObject] = []
        var system: [JSON] = []
        for (index, message) in messages.enumerated() {
            guard var message = edited(message) ?? message.objectValue else { continue }
            if isSilent, index == messages.count - 1 { message.set("role", "user") }
            if joinsSystem, message["role"] == "system" {
                system.append(message["content"] ?? .null)
            } else if mergesNeighbours, let last = result.last, let merged = merged(last, message) {
                result[result.count - 1] = merged
            } else {
                result.append(message)
            }
        }
        if !system.isEmpty { result.insert(["role": "system", "content": joined(system)], at: 0) }
        return result.map(JSON.object)
    }

    /// One message in the platform's form, `nil` where it has that form already.
    private func edited(_ message: JSON) -> JSONObject? {
        guard let message = message.objectValue else { return nil }
        var edited = message
        var isChanged = known?.strip(&edited) ?? false
        if developerIsSystem, edited["role"] == "developer" {
            edited.set("role", "system")
            isChanged = true
        }
        if let nothing, edited["role"] == "assistant" || edited["role"] == "tool", Self.isEmpty(edited["content"]) {
            edited.set("content", .string(nothing))
            isChanged = true
        }
        return isChanged ? edited : nil
    }

    private static func isEmpty(_ content: JSON?) -> Bool { [nil, .null, ""].contains(content) }

    /// `nil` where the two must stay apart: calls end a turn, and results keep their place.
    private func merged(_ first: JSONObject, _ second: JSONObject) -> JSONObject? {
        guard let role = first["role"], role == second["role"], role == "user" || role == "assistant",
            first["tool_calls"] == nil
        else { return nil }
        var merged = first
        merged.set("content", joined([first["content"] ?? "", second["content"] ?? ""]))
        if let calls = second["tool_calls"] { merged.set("tool_calls", calls) }
        return merged
    }

    /// Joins texts to a text.
    ///
    /// As soon as one content has parts, all become parts.
    private func joined(_ contents: [JSON]) -> JSON {
        let silence = nothing.map(JSON.string)
        let contents = contents.filter { !Self.isEmpty($0) && $0 != silence }
        if contents.count <= 1 { return contents.first ?? silence ?? "" }
        let texts = contents.compactMap(\.stringValue)
        if texts.count == contents.count { return .string(texts.joined(separator: "\n\n")) }
        return .array(
            contents.flatMap { content in
                content.arrayValue ?? content.stringValue.map { [["type": "text", "text": .string($0)]] } ?? []
            })
    }
}
