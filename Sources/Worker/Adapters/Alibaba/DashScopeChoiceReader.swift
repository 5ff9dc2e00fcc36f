/// One choice of a stream: its events as deltas.
///
/// Every event is new text, because that is what was asked for (`incremental_output`). Nothing is compared with what
/// came before it: "哈", "哈哈" are three. Which call a piece belongs to is `StreamedCalls`' to say.
import Shared

struct DashScopeChoiceReader: Sendable {
    private let index: Int
    private let chunks: ChunkBody
    private let style: CallStyle
    private var hasStarted = false
    private var calls: StreamedCalls
    /// In the words that the caller is told.
    private(set) var finishReason: String?

    init(index: Int, _ context: ResponseContext) {
        self.index = index
        chunks = ChunkBody(context)
        style = context.calls.style
        calls = StreamedCalls(context.calls, choice: index)
    }

    /// Nothing counts after the finish reason, so that an end told twice is not text told twice.
    mutating func take(_ choice: DashScopePayload.Choice) -> [ChatDelta] {
        guard finishReason == nil else { return [] }
        var deltas: [ChatDelta] = []
        if !hasStarted {
            hasStarted = true
            deltas.append(chunks.role(choice: index))
        }
        append(choice.reasoning, .reasoning, to: &deltas)
        append(choice.content ?? "", .content, to: &deltas)
        deltas += chunks.calls(calls.take(choice.calls), choice: index)
        if let logprobs = choice.logprobs { deltas.append(chunks.logprobs(logprobs, choice: index)) }
        if let reason = choice.finishReason {
            deltas += chunks.calls(calls.finish(), choice: index)
            finishReason = FinishReason.said(reason, hasCalls: calls.hasOpened, style)
            deltas.append(chunks.finish(reason, hasCalls: calls.hasOpened, choice: index))
        }
        return deltas
    }

    private func append(_ text: String, _ field: TextDelta.Field, to deltas: inout [ChatDelta]) {
        if !text.isEmpty { deltas.append(chunks.text(text, field, choice: index)) }
    }
}

extension ChunkBody {
    /// Log probabilities of the text around, in a chunk of their own.
    func logprobs(_ logprobs: JSON, choice: Int) -> ChatDelta {
        var chunk = envelope
        chunk.set(
            "choices", [["index": .int(choice), "delta": [:], "logprobs": logprobs, "finish_reason": .null]])
        return ChatDelta(content: .chunk(chunk.encoded), isVisible: false, estimate: TokenEstimate())
    }
}
