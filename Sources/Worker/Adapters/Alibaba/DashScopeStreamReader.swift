/// The state of one DashScope stream: its open choices, the last usage, and its end.
///
/// There is no terminator. A stream is whole when the body ends after every choice that began, and as many as were
/// asked for, have had their finish reason. Only the last event has the whole usage. An `error` event, or one with a
/// `code`, is a failure.
import Shared

struct DashScopeStreamReader: EventReader {
    private let context: ResponseContext
    private let chunks: ChunkBody
    private var choices: [Int: DashScopeChoiceReader] = [:]
    private var requestID: String?
    private var finishReason: String?
    private var hasSearchInfo = false
    /// Every event counts everything so far.
    private var counts = UsageCounts()
    var usage: TokenUsage? { counts.tokens }

    let isDone = false

    init(_ context: ResponseContext) {
        self.context = context
        chunks = ChunkBody(context)
    }

    mutating func read(_ event: SSEEvent, into deltas: inout [ChatDelta]) throws(JobFailure) {
        // Not the platform's, but added by some gateways.
        if event.isDone { return }
        let value = JSON.object(try event.object())
        if let failure = DashScopeFailure.inside(event, value) { throw failure }
        counts.note(value["usage"])
        note(DashScopePayload(value), into: &deltas)
    }

    func end() throws(JobFailure) -> ChatCompletionEnd {
        guard choices.count >= context.choices, choices.values.allSatisfy({ $0.finishReason != nil }) else {
            throw .endedEarly
        }
        var end = ChatCompletionEnd(model: context.model, finishReason: finishReason, usage: usage)
        end.requestID = requestID
        return end
    }

    private mutating func note(_ payload: DashScopePayload, into deltas: inout [ChatDelta]) {
        requestID = requestID ?? payload.requestID
        for choice in payload.choices where ChoiceIndex.isKept(choice.index) {
            // In place, since a copy would copy all its calls, too.
            deltas += choices[choice.index, default: DashScopeChoiceReader(index: choice.index, context)].take(choice)
            finishReason = finishReason ?? choices[choice.index]?.finishReason
        }
        if let info = payload.searchInfo, !hasSearchInfo {
            hasSearchInfo = true
            deltas.append(chunks.searchInfo(info))
        }
    }
}

extension DashScopeAdapter {
    static func decoder(
        _ context: ResponseContext, maxEventBytes: Int = SSEDecoder.defaultMaxEventBytes
    ) -> AnswerDecoder<DashScopeStreamReader> {
        AnswerDecoder(context, DashScopeStreamReader(context), maxEventBytes: maxEventBytes) {
            body throws(JobFailure) in
            let response = try DashScopeResponse(body, context)
            return context.isStream ? response.streamEnd : response.end
        }
    }
}
