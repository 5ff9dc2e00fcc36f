/// Builds a whole `chat.completion`, for platforms whose responses are not OpenAI's and for the sandbox.
import Shared

struct CompletionBody: Sendable {
    struct Choice: Sendable, Equatable {
        /// `nil` where calls or a refusal stand in its place.
        var content: String?
        var reasoning = ""
        var calls = WholeCalls()
        /// In OpenAI's words.
        var finishReason: String

        init(content: String?, finishReason: String) {
            self.content = content
            self.finishReason = finishReason
        }

        /// From a native response.
        ///
        /// Empty text beside calls becomes `nil`, and a missing finish reason becomes "stop".
        init(text: String, reasoning: String, calls: WholeCalls, finishReason: String?) {
            content = text.isEmpty && !calls.isEmpty ? nil : text
            self.reasoning = reasoning
            self.calls = calls
            self.finishReason = finishReason ?? "stop"
        }
    }

    var id: String
    /// Seconds since 1970.
    var created: Int64
    var model: String
    var choices: [Choice] = []
    var usage: TokenUsage?
    private let style: CallStyle

    init(id: String, created: Int64, model: String, style: CallStyle = .tools) {
        self.id = id
        self.created = created
        self.model = model
        self.style = style
    }

    /// Names the model that was asked, and completes what the platform left out.
    init(id: String?, created: Int64? = nil, _ context: ResponseContext) {
        let id = id.flatMap { $0.isEmpty ? nil : $0 } ?? context.calls.ids.completion
        self.init(
            id: id, created: created ?? context.now / 1000, model: context.model, style: context.calls.style)
    }

    var encoded: [UInt8] {
        var body: JSONObject = [
            "id": .string(id), "object": "chat.completion", "created": .number(JSONNumber(created)),
            "model": .string(model),
            "choices": .array(choices.enumerated().map { json($1, index: $0) }),
        ]
        if let usage { body.set("usage", usage.openAI) }
        return body.encoded
    }

    /// The end of the attempt that this body answers.
    var end: ChatCompletionEnd {
        var end = ChatCompletionEnd(model: model, finishReason: finishReason, usage: usage)
        end.requestID = id
        end.body = encoded
        end.bodyUsage = usage
        if (usage?.output ?? 0) == 0 { end.countedTokens = countedTokens }
        return end
    }

    /// The finish reason of the first choice, as the caller is told it.
    var finishReason: String? { choices.first.map(reason) }

    private var countedTokens: Int {
        var estimate = TokenEstimate()
        for choice in choices {
            estimate.add(choice.content ?? "")
            estimate.add(choice.reasoning)
            for call in choice.calls.calls { estimate.add(call.name + call.arguments) }
        }
        return estimate.tokens
    }

    private func reason(_ choice: Choice) -> String {
        FinishReason.said(choice.finishReason, hasCalls: !choice.calls.isEmpty, style)
    }

    private func json(_ choice: Choice, index: Int) -> JSON {
        var message: JSONObject = [
            "role": "assistant", "content": choice.content.map(JSON.string) ?? .null, "refusal": .null,
        ]
        if !choice.reasoning.isEmpty { message.set("reasoning_content", .string(choice.reasoning)) }
        for member in choice.calls.members(style).members { message.set(member.key, member.value) }
        return [
            "index": .int(index), "message": .object(message), "logprobs": .null,
            "finish_reason": .string(reason(choice)),
        ]
    }
}
