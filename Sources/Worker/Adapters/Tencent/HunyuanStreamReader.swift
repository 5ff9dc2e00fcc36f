/// The state of one stream of Hunyuan's native API.
///
/// There is no terminator. A stream is whole when the body ends after every choice has had its finish reason. Usage
/// comes with every event, and the last one counts. An `Error` or `ErrorMsg` is a failure.
import Shared

struct HunyuanStreamReader: EventReader {
    private let context: ResponseContext
    private let chunks: ChunkBody
    private var choices: [Int: HunyuanChoiceReader] = [:]
    private var finishReason: String?
    private var searchInfo: JSON?
    private var id: String?
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
        if let failure = HunyuanFailure.inside(value) { throw failure }
        counts.note(value["Usage"])
        note(HunyuanPayload(value), into: &deltas)
    }

    func end() throws(JobFailure) -> ChatCompletionEnd {
        guard !choices.isEmpty, choices.values.allSatisfy({ $0.finishReason != nil }) else {
            throw JobFailure.endedEarly
        }
        var end = ChatCompletionEnd(model: context.model, finishReason: finishReason, usage: usage)
        end.requestID = context.headers("X-TC-RequestId") ?? id
        return end
    }

    private mutating func note(_ payload: HunyuanPayload, into deltas: inout [ChatDelta]) {
        id = id ?? payload.id
        for choice in payload.choices where ChoiceIndex.isKept(choice.index) {
            // In place, since a copy would copy all its calls, too.
            deltas += choices[choice.index, default: HunyuanChoiceReader(index: choice.index, context)].take(choice)
            finishReason = finishReason ?? choices[choice.index]?.finishReason
        }
        if let info = payload.searchInfo, info != searchInfo {
            searchInfo = info
            deltas.append(chunks.searchInfo(info))
        }
    }
}

extension HunyuanAdapter {
    /// Decodes the platform's responses, streams and whole ones.
    static func decoder(
        _ context: ResponseContext, maxEventBytes: Int = SSEDecoder.defaultMaxEventBytes
    ) -> AnswerDecoder<HunyuanStreamReader> {
        AnswerDecoder(context, HunyuanStreamReader(context), maxEventBytes: maxEventBytes) { body throws(JobFailure) in
            let response = try HunyuanResponse(body, context)
            return context.isStream ? response.streamEnd : response.end
        }
    }
}
