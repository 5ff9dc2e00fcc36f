/// The state of one v1 stream, complete with `is_end: true`. Usage comes with every event, and the last one counts.
import Shared

struct ErnieStreamReader: EventReader {
    private let context: ResponseContext
    private let chunks: ChunkBody
    private var hasStarted = false
    private var hasCall = false
    private var finishReason: String?
    private var id: String?
    private var counts = UsageCounts()
    var usage: TokenUsage? { counts.tokens }
    private(set) var isDone = false

    init(_ context: ResponseContext) {
        self.context = context
        chunks = ChunkBody(context)
    }

    mutating func read(_ event: SSEEvent, into deltas: inout [ChatDelta]) throws(JobFailure) {
        // Not the platform's, but added by some gateways.
        if event.isDone { return }
        let value = JSON.object(try event.object())
        if let failure = ErnieFailure.inside(value) { throw failure }
        let payload = ErniePayload(value)
        counts.note(value["usage"])
        id = id ?? payload.id
        if !hasStarted {
            hasStarted = true
            deltas.append(chunks.role())
        }
        if !payload.text.isEmpty { deltas.append(chunks.text(payload.text)) }
        // The call comes once and whole. An end that repeats it is not a second call.
        if !hasCall { deltas += chunks.calls(payload.calls(context)) }
        hasCall = hasCall || payload.call != nil
        finishReason = payload.finishReason ?? finishReason
        guard payload.isEnd else { return }
        isDone = true
        // Some models report "normal", or nothing, for a call.
        let reason = FinishReason.said(finishReason, hasCalls: hasCall, context.calls.style)
        finishReason = reason
        deltas.append(chunks.finish(reason))
    }

    func end() throws(JobFailure) -> ChatCompletionEnd {
        guard isDone else { throw JobFailure.endedEarly }
        var end = ChatCompletionEnd(model: context.model, finishReason: finishReason, usage: usage)
        end.requestID = id
        return end
    }
}

extension ErnieV1Adapter {
    /// Decodes the platform's responses, streams and whole ones.
    static func decoder(
        _ context: ResponseContext, maxEventBytes: Int = SSEDecoder.defaultMaxEventBytes
    ) -> AnswerDecoder<ErnieStreamReader> {
        AnswerDecoder(
            context, ErnieStreamReader(context), maxEventBytes: maxEventBytes
        ) { body throws(JobFailure) in
            let response = try ErnieResponse(body, context)
            return context.isStream ? response.streamEnd : response.end
        }
    }
}
