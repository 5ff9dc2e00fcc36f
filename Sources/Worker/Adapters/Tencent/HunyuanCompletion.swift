/// Reads a whole native answer: into a `chat.completion`, or into deltas where a stream was asked for.
import Shared

struct HunyuanCompletion {
    private let content: HunyuanAnswer
    private let answer: ResponseContext

    /// Fails with what the platform reported in its 200, or `unreadableAnswer` where this is no answer.
    init(_ bytes: [UInt8], _ answer: ResponseContext) throws(JobFailure) {
        let value: JSON
        do {
            value = try JSON(reading: bytes)
        } catch {
            throw JobFailure.unreadable("is \(error)")
        }
        if let failure = HunyuanFailure.inside(value) { throw failure }
        content = HunyuanAnswer(value)
        self.answer = answer
        guard !content.choices.isEmpty else { throw JobFailure.unreadable("has no choices") }
    }

    /// The end of a request that was not a stream.
    var end: ChatCompletionEnd {
        var body = CompletionBody(id: content.id ?? requestID, created: content.created, answer)
        body.usage = content.usage
        body.choices = content.choices.map { choice in
            CompletionBody.Choice(
                text: cut(choice), reasoning: choice.reasoning,
                calls: WholeCalls(choice.calls, answer.calls, choice: choice.index), finishReason: choice.finishReason)
        }
        var end = body.end
        end.requestID = requestID
        if let info = content.searchInfo, case .object(var object)? = try? JSON(parsing: end.body) {
            object.set("search_info", info)
            end.body = object.encoded
        }
        return end
    }

    /// The end of a request that asked for a stream, with the answer as deltas.
    var streamEnd: ChatCompletionEnd {
        var end = ChatCompletionEnd(model: answer.model, finishReason: nil, usage: content.usage)
        end.requestID = requestID
        for var choice in content.choices {
            choice.finishReason = choice.finishReason ?? "stop"
            var reader = HunyuanChoiceReader(index: choice.index, answer)
            end.deltas += reader.take(choice)
            end.finishReason = end.finishReason ?? reader.finishReason
        }
        if let info = content.searchInfo { end.deltas.append(HunyuanAnswer.chunk(info, ChunkBody(answer))) }
        return end
    }

    private var requestID: String? { content.requestID ?? answer.headers("X-TC-RequestId") ?? content.id }

    private func cut(_ choice: HunyuanAnswer.Choice) -> String {
        var stop = StopSequenceTrimmer(answer.stops)
        return stop.take(choice.content) + stop.end(wasStopped: choice.finishReason == "stop")
    }
}
