/// The state of one stream of Hunyuan's native API.
///
/// There is no terminator: a stream is whole when the body ends after every choice has had its finish reason. Usage comes
/// with every event, and the last one counts. An `Error` or `ErrorMsg` is a failure.
import Shared

struct HunyuanStreamReader: EventReader {
    private let answer: ResponseContext
    private let chunks: ChunkBody
    private var choices: [Int: HunyuanChoiceReader] = [:]
    private var finishReason: String?
    private var searchInfo: JSON?
    private var id: String?
    private var counts = UsageCounts()
    var usage: TokenUsage? { counts.tokens }

    let isDone = false

    init(_ answer: ResponseContext) {
        self.answer = answer
        chunks = ChunkBody(answer)
    }

    mutating func read(_ event: SSEEvent, into deltas: inout [ChatDelta]) throws(JobFailure) {
        // Not the platform's, but some gateways' on the way.
        if event.isDone { return }
        let value = JSON.object(try event.object())
        if let failure = HunyuanFailure.inside(value) { throw failure }
        counts.note(value["Usage"])
        note(HunyuanAnswer(value), into: &deltas)
    }

    func end() throws(JobFailure) -> ChatCompletionEnd {
        guard !choices.isEmpty, choices.values.allSatisfy({ $0.finishReason != nil }) else {
            throw JobFailure.endedEarly
        }
        var end = ChatCompletionEnd(model: answer.model, finishReason: finishReason, usage: usage)
        end.requestID = answer.headers("X-TC-RequestId") ?? id
        return end
    }

    private mutating func note(_ content: HunyuanAnswer, into deltas: inout [ChatDelta]) {
        id = id ?? content.id
        for choice in content.choices where ChoiceIndex.isKept(choice.index) {
            // In place: a copy would be one of all its calls, too.
            deltas += choices[choice.index, default: HunyuanChoiceReader(index: choice.index, answer)].take(choice)
            finishReason = finishReason ?? choices[choice.index]?.finishReason
        }
        if let info = content.searchInfo, info != searchInfo {
            searchInfo = info
            deltas.append(HunyuanAnswer.chunk(info, chunks))
        }
    }
}

extension HunyuanAdapter {
    /// Decodes the answers of the platform, streams and whole ones.
    static func decoder(
        _ answer: ResponseContext, maxEventBytes: Int = SSEDecoder.defaultMaxEventBytes
    ) -> AnswerDecoder<HunyuanStreamReader> {
        AnswerDecoder(answer, HunyuanStreamReader(answer), maxEventBytes: maxEventBytes) { body throws(JobFailure) in
            let completion = try HunyuanCompletion(body, answer)
            return answer.isStream ? completion.streamEnd : completion.end
        }
    }
}

extension HunyuanAnswer {
    /// What the platform's web search found, in a chunk without choices.
    static func chunk(_ searchInfo: JSON, _ chunks: ChunkBody) -> ChatDelta {
        var chunk = chunks.envelope
        chunk.set("choices", [])
        chunk.set("search_info", searchInfo)
        return ChatDelta(content: .chunk(chunk.encoded), isVisible: false, estimate: TokenEstimate())
    }
}
