/// Messages in the form of DashScope's two endpoints.
///
/// The text endpoint takes strings. The multimodal one takes arrays of `{"text":…}` and `{"image":…}`, parts without a
/// type.
import Shared

struct DashScopeMessages: Sendable {
    let endpoint: DashScopeModel.Endpoint
    /// The model reads thinking that was sent back (the platform's `preserve_thinking`).
    let keepsThinking: Bool

    init(_ chat: ChatRequest, endpoint: DashScopeModel.Endpoint) {
        self.endpoint = endpoint
        keepsThinking = chat.body["preserve_thinking"]?.boolValue ?? false
    }

    func json(_ messages: [ChatMessage]) -> JSON { .array(messages.map(json)) }

    private func json(_ message: ChatMessage) -> JSON {
        var object: JSONObject = ["role": .string(message.role.rawValue), "content": content(message)]
        if keepsThinking, let reasoning = message.reasoning { object.set("reasoning_content", .string(reasoning)) }
        if !message.calls.isEmpty {
            object.set("tool_calls", .array(message.calls.enumerated().map(Self.call)))
        }
        if let id = message.callID { object.set("tool_call_id", .string(id)) }
        // The platform's own field: the model continues this text.
        if let partial = message.json["partial"]?.boolValue { object.set("partial", .bool(partial)) }
        return .object(object)
    }

    private func content(_ message: ChatMessage) -> JSON {
        guard endpoint == .multimodal else { return .string(message.text) }
        let parts: [JSON] = message.parts.compactMap { part in
            switch part {
            case .text(let text): ["text": .string(text)]
            case .image(let source): ["image": .string(source.url)]
            case .other: nil
            }
        }
        return .array(parts.isEmpty ? [["text": ""]] : parts)
    }

    private static func call(_ index: Int, _ call: ChatMessage.Call) -> JSON {
        [
            "index": .int(index), "id": .string(call.id), "type": "function",
            "function": ["name": .string(call.name), "arguments": .string(call.arguments)],
        ]
    }
}
