/// The state of one Anthropic stream: its open blocks, its usage, and its end.
///
/// Complete at `message_stop`. A body that ends before is `streamBroken`, and an `error` event is a failure. Thinking
/// blocks go out as text while they arrive, and whole with their signature when they end, so that a caller can send
/// them back.
import Shared

struct AnthropicStreamReader: EventReader {
    private enum Block: Sendable {
        case text
        case thinking
        /// `input` is the start of the block. It goes out if no arguments follow.
        case call(number: Int, input: String, hasArguments: Bool)
        case other
    }

    /// A thinking block so far, kept apart from `blocks` so that it grows in place.
    private struct Thinking: Sendable {
        var text: String
        var signature: String
    }

    private let form: CallForm
    private var chunks: ChunkBody
    private var blocks: [Int: Block] = [:]
    private var thinking: [Int: Thinking] = [:]
    private var callCount = 0
    private var requestID: String?
    private var hasStarted = false
    private var finishReason: String?
    private(set) var isDone = false
    private var counts = UsageCounts()

    /// The prompt is counted at the start, the output at the end.
    var usage: TokenUsage? { counts.tokens }

    init(_ context: ResponseContext) {
        form = context.calls
        chunks = ChunkBody(context)
        // The platform's support asks for the header's id, not for the message's.
        requestID = context.headers("request-id")
    }

    func end() throws(JobFailure) -> ChatCompletionEnd {
        guard isDone else { throw .endedEarly }
        var end = ChatCompletionEnd(
            model: chunks.envelope["model"]?.stringValue, finishReason: finishReason, usage: usage)
        end.requestID = requestID
        return end
    }

    mutating func read(_ event: SSEEvent, into deltas: inout [ChatDelta]) throws(JobFailure) {
        // Not the platform's, but added by some gateways.
        if event.isDone { return }
        let value = JSON.object(try event.object())
        if let failure = AnthropicFailure.inside(value) { throw failure }
        if event.name == "error" { throw AnthropicFailure.rules.failure(UpstreamError(anthropic: value)) }
        let index = value["index"]?.intValue ?? 0
        switch value["type"]?.stringValue {
        case "message_start": start(value["message"], &deltas)
        case "content_block_start": open(index, value["content_block"], &deltas)
        case "content_block_delta": more(index, value["delta"], &deltas)
        case "content_block_stop": close(index, &deltas)
        case "message_delta":
            counts.note(value["usage"])
            if let reason = value["delta"]?["stop_reason"]?.stringValue { finish(reason, &deltas) }
        case "message_stop": stop(&deltas)
        default: return
        }
    }

    private mutating func start(_ message: JSON?, _ deltas: inout [ChatDelta]) {
        if let model = message?["model"]?.text { chunks = ChunkBody(model: model, style: form.style) }
        requestID = requestID ?? message?["id"]?.stringValue
        counts.note(message?["usage"])
        begin(&deltas)
    }

    /// Sends the role, once.
    private mutating func begin(_ deltas: inout [ChatDelta]) {
        guard !hasStarted else { return }
        hasStarted = true
        deltas.append(chunks.role())
    }

    private mutating func open(_ index: Int, _ block: JSON?, _ deltas: inout [ChatDelta]) {
        begin(&deltas)
        switch block?["type"]?.stringValue {
        case "text":
            blocks[index] = .text
            append(block?["text"]?.stringValue, .content, &deltas)
        case "thinking":
            let text = block?["thinking"]?.stringValue ?? ""
            blocks[index] = .thinking
            thinking[index] = Thinking(text: text, signature: block?["signature"]?.stringValue ?? "")
            append(text, .reasoning, &deltas)
        case "redacted_thinking":
            blocks[index] = .other
            if let block { deltas.append(chunks.thinkingBlocks([block])) }
        case "tool_use":
            let piece = AnthropicResponse.piece(block ?? .null)
            let id = piece.id.isEmpty ? form.ids.call(callCount, choice: 0) : piece.id
            let input = piece.arguments.isEmpty ? "{}" : piece.arguments
            blocks[index] = .call(number: callCount, input: input, hasArguments: false)
            let opening = CallDelta.Opening(id: id, name: piece.name)
            deltas += chunks.calls([CallDelta(number: callCount, opening: opening, arguments: "")])
            callCount += 1
        default: blocks[index] = .other
        }
    }

    private mutating func more(_ index: Int, _ delta: JSON?, _ deltas: inout [ChatDelta]) {
        switch (blocks[index], delta?["type"]?.stringValue) {
        case (.text, "text_delta"):
            append(delta?["text"]?.stringValue, .content, &deltas)
        case (.thinking, "thinking_delta"):
            let new = delta?["thinking"]?.stringValue ?? ""
            thinking[index]?.text += new
            append(new, .reasoning, &deltas)
        case (.thinking, "signature_delta"):
            thinking[index]?.signature += delta?["signature"]?.stringValue ?? ""
        case (.call(let number, let input, _), "input_json_delta"):
            guard let new = delta?["partial_json"]?.text else { return }
            blocks[index] = .call(number: number, input: input, hasArguments: true)
            deltas += chunks.calls([CallDelta(number: number, arguments: new)])
        default: return
        }
    }

    private mutating func close(_ index: Int, _ deltas: inout [ChatDelta]) {
        switch blocks.removeValue(forKey: index) {
        case .thinking:
            guard let block = thinking.removeValue(forKey: index), !block.signature.isEmpty else { return }
            deltas.append(
                chunks.thinkingBlocks([
                    ["type": "thinking", "thinking": .string(block.text), "signature": .string(block.signature)]
                ]))
        case .call(let number, let input, false):
            deltas += chunks.calls([CallDelta(number: number, arguments: input)])
        default: return
        }
    }

    private mutating func finish(_ stopReason: String, _ deltas: inout [ChatDelta]) {
        guard finishReason == nil else { return }
        begin(&deltas)
        for index in blocks.keys.sorted() { close(index, &deltas) }
        let reason = FinishReason.said(
            AnthropicResponse.finishReason(stopReason), hasCalls: callCount > 0, form.style)
        finishReason = reason
        deltas.append(chunks.finish(reason))
    }

    private mutating func stop(_ deltas: inout [ChatDelta]) {
        finish("end_turn", &deltas)
        isDone = true
    }

    private func append(_ text: String?, _ field: TextDelta.Field, _ deltas: inout [ChatDelta]) {
        if let text, !text.isEmpty { deltas.append(chunks.text(text, field)) }
    }
}

extension AnthropicAdapter {
    static func decoder(
        _ context: ResponseContext, maxEventBytes: Int = SSEDecoder.defaultMaxEventBytes
    ) -> AnswerDecoder<AnthropicStreamReader> {
        AnswerDecoder(context, AnthropicStreamReader(context), maxEventBytes: maxEventBytes) {
            body throws(JobFailure) in
            let response = try AnthropicResponse(body, context)
            return context.isStream ? response.streamEnd : response.end
        }
    }
}

extension ChunkBody {
    /// Thinking as the platform signed it, to be sent back in a message's `thinking_blocks`.
    ///
    /// Visible, since another attempt's thinking must not follow it.
    func thinkingBlocks(_ blocks: [JSON]) -> ChatDelta {
        var chunk = envelope
        chunk.set(
            "choices",
            [["index": 0, "delta": ["thinking_blocks": .array(blocks)], "finish_reason": .null]])
        return ChatDelta(content: .chunk(chunk.encoded), isVisible: true, estimate: TokenEstimate())
    }
}
