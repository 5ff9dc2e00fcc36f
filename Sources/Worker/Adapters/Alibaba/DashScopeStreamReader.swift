/// The state of one stream of DashScope's: which choices are open, what the last usage was, how it ended.
///
/// There is no terminator: a stream is whole when the body ends after every choice that began, and as many as were asked
/// for, have had their finish reason, since only the last event has the whole usage. An `error` event, or one with a `code`, is a failure.
import Shared

struct DashScopeStreamReader: EventReader {
    private let answer: ResponseContext
    private let chunks: ChunkBody
    private var choices: [Int: DashScopeChoiceReader] = [:]
    private var requestID: String?
    private var finishReason: String?
    private var hasSearchInfo = false
    /// Everything so far is counted in every event.
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
        if let failure = DashScopeFailure.inside(event, value) { throw failure }
        counts.note(value["usage"])
        note(DashScopeOutput(value), into: &deltas)
    }

    func end() throws(JobFailure) -> ChatCompletionEnd {
        guard choices.count >= answer.choices, choices.values.allSatisfy({ $0.finishReason != nil }) else {
            throw .endedEarly
        }
        var end = ChatCompletionEnd(model: answer.model, finishReason: finishReason, usage: usage)
        end.requestID = requestID
        return end
    }

    private mutating func note(_ output: DashScopeOutput, into deltas: inout [ChatDelta]) {
        requestID = requestID ?? output.requestID
        for choice in output.choices where ChoiceIndex.isKept(choice.index) {
            // In place: a copy would be one of all its calls, too.
            deltas += choices[choice.index, default: DashScopeChoiceReader(index: choice.index, answer)].take(choice)
            finishReason = finishReason ?? choices[choice.index]?.finishReason
        }
        if let info = output.searchInfo, !hasSearchInfo {
            hasSearchInfo = true
            deltas.append(chunks.searchInfo(info))
        }
    }
}

extension DashScopeAdapter {
    static func decoder(
        _ answer: ResponseContext, maxEventBytes: Int = SSEDecoder.defaultMaxEventBytes
    ) -> AnswerDecoder<DashScopeStreamReader> {
        AnswerDecoder(answer, DashScopeStreamReader(answer), maxEventBytes: maxEventBytes) {
            body throws(JobFailure) in
            let completion = try DashScopeCompletion(body, answer)
            return answer.isStream ? completion.streamEnd : completion.end
        }
    }
}
