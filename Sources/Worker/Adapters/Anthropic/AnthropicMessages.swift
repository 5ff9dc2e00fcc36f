/// Messages in Anthropic's form: system texts apart, roles in turn, results of calls first.
///
/// In: the request's messages. Out: `system` and `messages`. Empty texts are left out, since they are a 400. Ids of
/// calls keep to the platform's alphabet, and calls with the same id in a history get different ones. Fails with
/// `invalidRequest` for arguments that are no JSON object and for a conversation without a text.
import Shared

struct AnthropicMessages {
    private struct Turn {
        var isUser: Bool
        var blocks: [JSON]
    }

    private var systemBlocks: [JSON] = []
    private var turns: [Turn] = []
    private var ids = AnthropicCallIDs()

    init(_ chat: ChatRequest) throws(JobFailure) {
        for message in chat.typedMessages { try add(message) }
        if turns.isEmpty, !systemBlocks.isEmpty {
            // A request with only instructions needs a user message.
            turns = [Turn(isUser: true, blocks: systemBlocks)]
            systemBlocks = []
        }
        trimPrefill()
        guard turns.first?.isUser == true else {
            throw JobFailure(
                .invalidRequest, "Anthropic needs a first message of the user that is not empty.", param: "messages",
                code: "invalid_value")
        }
    }

    /// A string where there is one plain text.
    var system: JSON? { systemBlocks.isEmpty ? nil : Self.content(systemBlocks) }

    var json: JSON {
        .array(
            turns.map { turn in
                let results = turn.blocks.filter { Self.isResult($0) }
                let others = turn.blocks.filter { !Self.isResult($0) }
                return ["role": turn.isUser ? "user" : "assistant", "content": Self.content(results + others)]
            })
    }

    mutating func addSystem(_ text: String) { systemBlocks.append(["type": "text", "text": .string(text)]) }

    private mutating func add(_ message: ChatMessage) throws(JobFailure) {
        var blocks = Self.blocks(message)
        switch message.role {
        case .system:
            systemBlocks += Self.marked(blocks, message)
        case .user:
            append(Self.marked(blocks, message), isUser: true)
        case .assistant:
            blocks += try calls(message)
            append(Self.thinking(message) + Self.marked(blocks, message), isUser: false)
        case .tool:
            append(Self.marked([result(message, blocks)], message), isUser: true)
        }
    }

    /// Trims white space at the end of a text that the model continues, since the platform refuses it.
    private mutating func trimPrefill() {
        guard var last = turns.last, !last.isUser, var block = last.blocks.last?.objectValue,
            let text = block["text"]?.stringValue, let end = text.lastIndex(where: { !$0.isWhitespace })
        else { return }
        block.set("text", .string(String(text[...end])))
        last.blocks[last.blocks.count - 1] = .object(block)
        turns[turns.count - 1] = last
    }

    private mutating func append(_ blocks: [JSON], isUser: Bool) {
        guard !blocks.isEmpty else { return }
        if let last = turns.indices.last, turns[last].isUser == isUser {
            turns[last].blocks += blocks
        } else {
            turns.append(Turn(isUser: isUser, blocks: blocks))
        }
    }

    private mutating func calls(_ message: ChatMessage) throws(JobFailure) -> [JSON] {
        var blocks: [JSON] = []
        for (position, call) in message.calls.enumerated() {
            guard let input = try? JSON(parsing: Array(call.arguments.utf8)), input.objectValue != nil || input.isNull
            else {
                let path = "messages[\(message.index)].tool_calls[\(position)].function.arguments"
                throw JobFailure(
                    .invalidRequest, "Invalid value for '\(path)': expected a JSON object.", param: path,
                    code: "invalid_value")
            }
            blocks.append([
                "type": "tool_use", "id": .string(ids.begin(call.id)), "name": .string(call.name),
                "input": input.isNull ? [:] : input,
            ])
        }
        return blocks
    }

    private func result(_ message: ChatMessage, _ blocks: [JSON]) -> JSON {
        var result: JSONObject = ["type": "tool_result", "tool_use_id": .string(ids.current(message.callID ?? ""))]
        if !blocks.isEmpty { result.set("content", Self.content(blocks)) }
        if message.json["is_error"]?.boolValue == true { result.set("is_error", true) }
        return .object(result)
    }

    /// The thinking that the caller sends back, unchanged, since it is signed.
    ///
    /// Thinking of other platforms' models has no signature and is refused.
    private static func thinking(_ message: ChatMessage) -> [JSON] {
        (message.json["thinking_blocks"]?.arrayValue ?? []).filter { block in
            switch block["type"] {
            case "thinking": block["signature"]?.stringValue?.isEmpty == false
            case "redacted_thinking": block["data"]?.stringValue?.isEmpty == false
            default: false
            }
        }
    }

    private static func isResult(_ block: JSON) -> Bool { block["type"]?.stringValue == "tool_result" }

    /// True when an assistant's message has nothing to send.
    static func isSilent(_ message: ChatMessage) -> Bool {
        guard message.role == .assistant, message.calls.isEmpty, thinking(message).isEmpty else { return false }
        return message.parts.allSatisfy { part in if case .text(let text) = part { isBlank(text) } else { false } }
    }

    static func isBlank(_ text: String) -> Bool { text.allSatisfy(\.isWhitespace) }
}
