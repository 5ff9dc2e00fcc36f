/// Refuses what Anthropic cannot do, before any call is paid.
///
/// In: the request and the model. Out: nothing, or `unsupportedParameter` naming field and platform.
import Shared

struct AnthropicCheck {
    /// The platform answers unknown fields with 400, so of its own extras only `top_k` passes.
    static let fields = FieldCheck(
        platform: "Anthropic",
        known: [
            "max_completion_tokens", "max_tokens", "parallel_tool_calls",
            "response_format", "stop", "temperature", "tool_choice", "tools", "top_k", "top_p", "user",
        ])

    private static let limits = PlatformLimits(
        platform: "Anthropic", imageRoles: ["user", "tool"], moved: PlatformLimits.instructions + ["user"])

    private static let mediaTypes: Set<String> = ["image/jpeg", "image/jpg", "image/png", "image/gif", "image/webp"]

    let chat: ChatRequest
    let model: ClaudeModel

    init(chat: ChatRequest, model: String) {
        self.chat = chat
        self.model = ClaudeModel(model)
    }

    func run() throws(JobFailure) {
        try Self.fields.check(chat)
        try checkTools()
        let thinking = try AnthropicThinking(chat, model)
        if thinking.mode == .budget, let limit = chat.maxTokens { _ = try thinking.json(maxTokens: limit) }
        // The platform refuses "only whitespace", and an empty sequence would stop nothing.
        guard chat.stops.allSatisfy({ !AnthropicMessages.isBlank($0) }) else {
            throw Self.fields.refusal("stop", "it must hold more than whitespace")
        }
        if case .jsonSchema = chat.responseFormat, !model.followsSchema {
            throw Self.fields.refusal("response_format.type", "this model does not hold to a schema")
        }
        let messages = chat.typedMessages
        try checkOrder(messages.filter { $0.role != .system }, isThinking: thinking.isThinking)
        for message in messages { try check(message) }
        try Self.limits.check(chat)
    }

    private func checkTools() throws(JobFailure) {
        for (index, tool) in (chat.body["tools"]?.arrayValue ?? []).enumerated() {
            guard tool["type"]?.stringValue == "function" else { throw Self.fields.refusal("tools[\(index)].type") }
        }
    }

    private func checkOrder(_ messages: [ChatMessage], isThinking: Bool) throws(JobFailure) {
        if let first = messages.first, first.role == .assistant {
            throw Self.fields.refusal("messages[\(first.index)].role", "the first message must be the user's")
        }
        // Messages without content are left out.
        guard let last = messages.last(where: { !AnthropicMessages.isSilent($0) }), last.role == .assistant else {
            return
        }
        let path = "messages[\(last.index)].role"
        guard model.takesPrefill else {
            throw Self.fields.refusal(path, "the last message must not be the assistant's")
        }
        if isThinking {
            throw Self.fields.refusal(path, "the last message must not be the assistant's while the model thinks")
        }
    }

    private func check(_ message: ChatMessage) throws(JobFailure) {
        for (position, part) in message.parts.enumerated() {
            let path = "\(message.contentPath)[\(position)]"
            switch part {
            case .text: continue
            case .image where message.role == .assistant || message.role == .system:
                throw Self.fields.refusal(path, "only the messages of users and tools hold images")
            case .image(.base64(let type, _)) where !Self.mediaTypes.contains(type):
                throw Self.fields.refusal(path, "images are jpeg, png, gif or webp")
            case .image: continue
            case .other(let type): throw Self.fields.refusal(path, "parts of type \(SafeText.code(type) ?? "unknown")")
            }
        }
    }
}
