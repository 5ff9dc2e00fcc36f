/// The state of one v1 stream: complete with `is_end: true`. Usage comes with every event, and the last one counts.
import Shared

struct ErnieStreamReader: EventReader {
    private let answer: ResponseContext
    private let chunks: ChunkBody
    private var hasStarted = false
    private var hasCall = false
    private var finishReason: String?
    private var id: String?
    private var counts = UsageCounts()
    var usage: TokenUsage? { counts.tokens }
    private(set) var isDone = false

    init(_ answer: ResponseContext) {
        self.answer = answer
        chunks = ChunkBody(answer)
    }

    mutating func read(_ event: SSEEvent, into deltas: inout [ChatDelta]) throws(JobFailure) {
        // Not the platform's, but some gateways' on the way.
        if event.isDone { return }
        let value = JSON.object(try event.object())
        if let failure = ErnieFailure.inside(value) { throw failure }
        let said = ErnieAnswer(value)
        counts.note(value["usage"])
        id = id ?? said.id
        if !hasStarted {
            hasStarted = true
            deltas.append(chunks.role())
        }
        if !said.text.isEmpty { deltas.append(chunks.text(said.text)) }
        // The call is there once, whole: an end that tells it again is not a second one.
        if !hasCall { deltas += chunks.calls(said.calls(answer)) }
        hasCall = hasCall || said.call != nil
        finishReason = said.finishReason ?? finishReason
        guard said.isEnd else { return }
        isDone = true
        // Some models say "normal" of a call, or nothing.
        let reason = FinishReason.said(finishReason, hasCalls: hasCall, answer.calls.style)
        finishReason = reason
        deltas.append(chunks.finish(reason))
    }

    func end() throws(JobFailure) -> ChatCompletionEnd {
        guard isDone else { throw JobFailure.endedEarly }
        var end = ChatCompletionEnd(model: answer.model, finishReason: finishReason, usage: usage)
        end.requestID = id
        return end
    }
}

extension ErnieV1Adapter {
    /// Decodes the answers of the platform, streams and whole ones.
    static func decoder(
        _ answer: ResponseContext, maxEventBytes: Int = SSEDecoder.defaultMaxEventBytes
    ) -> AnswerDecoder<ErnieStreamReader> {
        AnswerDecoder(
            answer, ErnieStreamReader(answer), maxEventBytes: maxEventBytes
        ) { body throws(JobFailure) in try ErnieAnswer.end(body, answer) }
    }
}
