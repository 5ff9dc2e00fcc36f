/// Builds a whole `chat.completion`, for platforms whose answers are not OpenAI's and for the sandbox.
import Shared

struct CompletionBody: Sendable {
    struct ToolCall: Sendable, Equatable {
        var id: String
        var name: String
        /// JSON, as a string.
        var arguments: String

        init(id: String, name: String, arguments: String) {
            self.id = id
            self.name = name
            self.arguments = arguments
        }
    }

    struct Choice: Sendable, Equatable {
        /// `nil` where calls or a refusal stand in its place.
        var content: String?
        var reasoning = ""
        var toolCalls: [ToolCall] = []
        var finishReason: String

        init(content: String?, finishReason: String) {
            self.content = content
            self.finishReason = finishReason
        }

        /// What a native platform said: no text beside calls is none at all, and no reason is "stop".
        init(text: String, reasoning: String, calls: [ToolCall], finishReason: String?) {
            content = text.isEmpty && !calls.isEmpty ? nil : text
            self.reasoning = reasoning
            toolCalls = calls
            self.finishReason = finishReason ?? "stop"
        }
    }

    var id: String
    /// Seconds since 1970.
    var created: Int64
    var model: String
    var choices: [Choice] = []
    var usage: TokenUsage?

    init(id: String, created: Int64, model: String) {
        self.id = id
        self.created = created
        self.model = model
    }

    var encoded: [UInt8] {
        var body: JSONObject = [
            "id": .string(id), "object": "chat.completion", "created": .number(JSONNumber(created)),
            "model": .string(model),
            "choices": .array(choices.enumerated().map { CompletionBody.json($1, index: $0) }),
        ]
        if let usage { body.set("usage", usage.openAI) }
        return body.encoded
    }

    /// The end of the attempt that this body is the answer of.
    var end: ChatCompletionEnd {
        var end = ChatCompletionEnd(model: model, finishReason: choices.first?.finishReason, usage: usage)
        end.requestID = id
        end.body = encoded
        if usage == nil { end.countedTokens = countedTokens }
        return end
    }

    private var countedTokens: Int {
        var estimate = TokenEstimate()
        for choice in choices {
            estimate.add(choice.content ?? "")
            estimate.add(choice.reasoning)
            for call in choice.toolCalls { estimate.add(call.name + call.arguments) }
        }
        return estimate.tokens
    }

    private static func json(_ choice: Choice, index: Int) -> JSON {
        var message: JSONObject = [
            "role": "assistant", "content": choice.content.map(JSON.string) ?? .null, "refusal": .null,
        ]
        if !choice.reasoning.isEmpty { message.set("reasoning_content", .string(choice.reasoning)) }
        if !choice.toolCalls.isEmpty {
            message.set("tool_calls", .array(choice.toolCalls.map(json)))
        }
        return [
            "index": .int(index), "message": .object(message), "logprobs": .null,
            "finish_reason": .string(choice.finishReason),
        ]
    }

    private static func json(_ call: ToolCall) -> JSON {
        [
            "id": .string(call.id), "type": "function",
            "function": ["name": .string(call.name), "arguments": .string(call.arguments)],
        ]
    }
}
