/// Turns a whole response of Anthropic's into a `chat.completion`, or into deltas where a stream was asked for.
import Shared

struct AnthropicResponse {
    private let message: JSON
    private let context: ResponseContext

    /// Fails with the error that a 200 reports, or with `unreadableAnswer` where this is no answer.
    init(_ bytes: [UInt8], _ context: ResponseContext) throws(JobFailure) {
        do {
            message = try JSON(reading: bytes)
        } catch {
            if let failure = AnthropicFailure.inside(ErrorBody.json(bytes)) { throw failure }
            throw JobFailure.unreadable("is \(error)")
        }
        if let failure = AnthropicFailure.inside(message) { throw failure }
        guard message["content"]?.arrayValue != nil else {
            throw JobFailure.unreadable("has no content")
        }
        self.context = context
    }

    /// Maps Anthropic's stop reasons.
    ///
    /// An unknown one ends an answer like any other.
    static func finishReason(_ stopReason: String?) -> String {
        switch stopReason {
        case "max_tokens", "model_context_window_exceeded": "length"
        case "tool_use": "tool_calls"
        case "refusal": "content_filter"
        default: "stop"
        }
    }

    /// The end of a request that was not a stream.
    var end: ChatCompletionEnd {
        var body = CompletionBody(id: message["id"]?.stringValue, context)
        body.model = model
        body.usage = usage
        body.choices = [choice]
        var end = body.end
        end.requestID = requestID
        end.body = withThinking(end.body)
        return end
    }

    /// The end of a request that asked for a stream, with the answer as deltas.
    var streamEnd: ChatCompletionEnd {
        let chunks = ChunkBody(model: model, style: context.calls.style)
        let choice = choice
        let reason = FinishReason.said(
            choice.finishReason, hasCalls: !choice.calls.isEmpty, context.calls.style)
        var end = ChatCompletionEnd(model: model, finishReason: reason, usage: usage)
        end.requestID = requestID
        end.deltas = [chunks.role()]
        if !choice.reasoning.isEmpty { end.deltas.append(chunks.text(choice.reasoning, .reasoning)) }
        if !thinkingBlocks.isEmpty { end.deltas.append(chunks.thinkingBlocks(thinkingBlocks)) }
        if let text = choice.content, !text.isEmpty { end.deltas.append(chunks.text(text)) }
        end.deltas += chunks.calls(choice.calls) + [chunks.finish(reason)]
        return end
    }

    private var model: String {
        message["model"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } ?? context.model
    }

    private var requestID: String? { context.headers("request-id") ?? message["id"]?.stringValue }

    private var usage: TokenUsage? { TokenUsage(counting: message["usage"]) }

    private func blocks(_ type: String) -> [JSON] {
        (message["content"]?.arrayValue ?? []).filter { $0["type"]?.stringValue == type }
    }

    private var choice: CompletionBody.Choice {
        CompletionBody.Choice(
            text: blocks("text").compactMap { $0["text"]?.stringValue }.joined(),
            reasoning: blocks("thinking").compactMap { $0["thinking"]?.stringValue }.joined(),
            calls: WholeCalls(blocks("tool_use").map(Self.piece), context.calls, choice: 0),
            finishReason: Self.finishReason(message["stop_reason"]?.stringValue))
    }

    /// A call's block as a piece, whole or at its start.
    static func piece(_ block: JSON) -> CallPiece {
        CallPiece(
            id: CallPiece.text(block["id"]), name: CallPiece.text(block["name"]),
            arguments: CallPiece.text(block["input"]))
    }

    /// Signed thinking as it came.
    ///
    /// A caller sends it back with the results of calls.
    private var thinkingBlocks: [JSON] {
        (message["content"]?.arrayValue ?? []).filter { block in
            switch block["type"]?.stringValue {
            case "thinking": block["signature"]?.stringValue?.isEmpty == false
            case "redacted_thinking": true
            default: false
            }
        }
    }

    private func withThinking(_ body: [UInt8]) -> [UInt8] {
        guard !thinkingBlocks.isEmpty, case .object(var object)? = try? JSON(parsing: body),
            var choice = object["choices"]?[0]?.objectValue, var message = choice["message"]?.objectValue
        else { return body }
        message.set("thinking_blocks", .array(thinkingBlocks))
        choice.set("message", .object(message))
        object.set("choices", [.object(choice)])
        return object.encoded
    }
}
