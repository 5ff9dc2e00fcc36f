/// Turns a whole native response into a `chat.completion`, or into deltas where a stream was asked for.
import Shared

struct HunyuanResponse {
    private let payload: HunyuanPayload
    private let context: ResponseContext

    /// Fails with the error that the 200 reports, or with `unreadableAnswer` where this is no answer.
    init(_ bytes: [UInt8], _ context: ResponseContext) throws(JobFailure) {
        let value: JSON
        do {
            value = try JSON(reading: bytes)
        } catch {
            throw JobFailure.unreadable("is \(error)")
        }
        if let failure = HunyuanFailure.inside(value) { throw failure }
        payload = HunyuanPayload(value)
        self.context = context
        guard !payload.choices.isEmpty else { throw JobFailure.unreadable("has no choices") }
    }

    /// The end of a request that was not a stream.
    var end: ChatCompletionEnd {
        var body = CompletionBody(id: payload.id ?? requestID, created: payload.created, context)
        body.usage = payload.usage
        body.choices = payload.choices.map { choice in
            CompletionBody.Choice(
                text: cut(choice), reasoning: choice.reasoning,
                calls: WholeCalls(choice.calls, context.calls, choice: choice.index), finishReason: choice.finishReason)
        }
        var end = body.end
        end.requestID = requestID
        if let info = payload.searchInfo, case .object(var object)? = try? JSON(parsing: end.body) {
            object.set("search_info", info)
            end.body = object.encoded
        }
        return end
    }

    /// The end of a request that asked for a stream, with the answer as deltas.
    var streamEnd: ChatCompletionEnd {
        var end = ChatCompletionEnd(model: context.model, finishReason: nil, usage: payload.usage)
        end.requestID = requestID
        for var choice in payload.choices {
            choice.finishReason = choice.finishReason ?? "stop"
            var reader = HunyuanChoiceReader(index: choice.index, context)
            end.deltas += reader.take(choice)
            end.finishReason = end.finishReason ?? reader.finishReason
        }
        if let info = payload.searchInfo { end.deltas.append(ChunkBody(context).searchInfo(info)) }
        return end
    }

    private var requestID: String? { payload.requestID ?? context.headers("X-TC-RequestId") ?? payload.id }

    private func cut(_ choice: HunyuanPayload.Choice) -> String {
        var trimmer = StopSequenceTrimmer(context.stops)
        return trimmer.take(choice.content) + trimmer.end(wasStopped: choice.finishReason == "stop")
    }
}
