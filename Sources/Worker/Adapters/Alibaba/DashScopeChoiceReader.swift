/// Reads one choice of a stream into deltas.
///
/// Every event holds new text, because the request asks for that (`incremental_output`). Nothing is compared with
/// earlier events: "哈", "哈哈" are three. `StreamedCalls` decides which call a piece belongs to.
import Shared

struct DashScopeChoiceReader: Sendable {
    private let index: Int
    private let chunks: ChunkBody
    private let style: CallStyle
    private var hasStarted = false
    private var calls: StreamedCalls
    /// The reason as the caller is told it.
    private(set) var finishReason: String?

    init(index: Int, _ context: ResponseContext) {
        self.index = index
        chunks = ChunkBody(context)
        style = context.calls.style
        calls = StreamedCalls(context.calls, choice: index)
    }

    /// Ignores everything after the finish reason, so that an end sent twice is not text sent twice.
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
    /// Log probabilities of the neighbouring text, in a chunk of their own.
    func logprobs(_ logprobs: JSON, choice: Int) -> ChatDelta {
        var chunk = envelope
        chunk.set(
            "choices", [["index": .int(choice), "delta": [:], "logprobs": logprobs, "finish_reason": .null]])
        return ChatDelta(content: .chunk(chunk.encoded), isVisible: false, estimate: TokenEstimate())
    }
}
