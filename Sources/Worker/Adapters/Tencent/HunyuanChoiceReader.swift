/// Reads one choice of a stream into deltas.
///
/// `StreamedCalls` decides which call a piece belongs to.
import Shared

struct HunyuanChoiceReader: Sendable {
    private let index: Int
    private let chunks: ChunkBody
    private var trimmer: StopSequenceTrimmer
    private var hasStarted = false
    private var calls: StreamedCalls
    private let style: CallStyle
    /// The reason as the caller is told it.
    private(set) var finishReason: String?

    init(index: Int, _ context: ResponseContext) {
        self.index = index
        chunks = ChunkBody(context)
        trimmer = StopSequenceTrimmer(context.stops)
        calls = StreamedCalls(context.calls, choice: index)
        style = context.calls.style
    }

    /// Ignores everything after the finish reason.
    mutating func take(_ choice: HunyuanPayload.Choice) -> [ChatDelta] {
        guard finishReason == nil else { return [] }
        var deltas: [ChatDelta] = []
        if !hasStarted {
            hasStarted = true
            deltas.append(chunks.role(choice: index))
        }
        append(choice.reasoning, .reasoning, to: &deltas)
        append(trimmer.take(choice.content), .content, to: &deltas)
        deltas += chunks.calls(calls.take(choice.calls), choice: index)
        if let reason = choice.finishReason {
            append(trimmer.end(wasStopped: reason == "stop"), .content, to: &deltas)
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
