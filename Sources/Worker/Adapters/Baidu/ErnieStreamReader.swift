/// The state of one v1 stream: complete with `is_end: true`. Usage comes with every event, and the last one counts.
import Shared

struct ErnieStreamReader: EventReader {
    private let model: String
    private let chunks: ChunkBody
    private var hasStarted = false
    private var hasCall = false
    private var finishReason: String?
    private var id: String?
    private(set) var usage: TokenUsage?
    private(set) var isDone = false

    init(model: String) {
        self.model = model
        chunks = ChunkBody(model: model)
    }

    mutating func read(_ event: SSEEvent, into deltas: inout [ChatDelta]) throws(JobFailure) {
        // Not the platform's, but some gateways' on the way.
        if event.isDone { return }
        let value = JSON.object(try event.object())
        if let failure = ErnieFailure.inside(value) { throw failure }
        let answer = ErnieAnswer(value)
        usage = answer.usage ?? usage
        id = id ?? answer.id
        if !hasStarted {
            hasStarted = true
            deltas.append(chunks.role())
        }
        // The call is there once, whole: an end that tells it again is not a second one.
        var content = answer.deltas(chunks, callIndex: 0)
        if answer.call != nil, hasCall { content.removeLast() }
        deltas += content
        hasCall = hasCall || answer.call != nil
        finishReason = answer.finishReason ?? finishReason
        guard answer.isEnd else { return }
        isDone = true
        let reason = ErnieAnswer.reason(finishReason, hasCall: hasCall)
        finishReason = reason
        deltas.append(chunks.finish(reason))
    }

    func end() throws(JobFailure) -> ChatCompletionEnd {
        guard isDone else { throw JobFailure.endedEarly }
        var end = ChatCompletionEnd(model: model, finishReason: finishReason, usage: usage)
        end.requestID = id
        return end
    }
}

extension ErnieV1Adapter {
    /// Decodes the answers of the platform, streams and whole ones.
    static func decoder(
        _ answer: AnswerShape, maxEventBytes: Int = SSEDecoder.defaultMaxEventBytes
    ) -> AnswerDecoder<ErnieStreamReader> {
        AnswerDecoder(
            answer, ErnieStreamReader(model: answer.model), maxEventBytes: maxEventBytes
        ) { body throws(JobFailure) in try ErnieAnswer.end(body, answer) }
    }
}
