/// Turns a whole response of DashScope into a `chat.completion`, or into deltas where a stream was asked for.
import Shared

struct DashScopeResponse {
    private let payload: DashScopePayload
    private let context: ResponseContext

    /// Fails with the error that a 200 reports, or with `unreadableAnswer` where this is no answer.
    init(_ bytes: [UInt8], _ context: ResponseContext) throws(JobFailure) {
        let value: JSON
        do {
            value = try JSON(reading: bytes)
        } catch {
            if let failure = DashScopeFailure.inside(ErrorBody.json(bytes)) { throw failure }
            throw JobFailure.unreadable("is \(error)")
        }
        if let failure = DashScopeFailure.inside(value) { throw failure }
        payload = DashScopePayload(value)
        self.context = context
        guard !payload.choices.isEmpty else { throw JobFailure.unreadable("has no choices") }
    }

    /// The end of a request that was not a stream.
    var end: ChatCompletionEnd {
        var body = CompletionBody(id: requestID, context)
        body.usage = payload.usage
        body.choices = payload.choices.map { choice in
            CompletionBody.Choice(
                text: choice.content ?? "", reasoning: choice.reasoning,
                calls: WholeCalls(choice.calls, context.calls, choice: choice.index), finishReason: choice.finishReason)
        }
        var end = body.end
        end.requestID = requestID
        end.body = withExtras(end.body)
        return end
    }

    /// The end of a request that asked for a stream, with the answer as deltas.
    var streamEnd: ChatCompletionEnd {
        var end = ChatCompletionEnd(model: context.model, finishReason: nil, usage: payload.usage)
        end.requestID = requestID
        for var choice in payload.choices {
            choice.finishReason = choice.finishReason ?? "stop"
            var reader = DashScopeChoiceReader(index: choice.index, context)
            end.deltas += reader.take(choice)
            end.finishReason = end.finishReason ?? reader.finishReason
        }
        if let info = payload.searchInfo { end.deltas.append(ChunkBody(context).searchInfo(info)) }
        return end
    }

    private var requestID: String? { payload.requestID ?? context.headers("x-request-id") }

    /// Adds log probabilities and search results to the body.
    ///
    /// Few requests ask for them.
    private func withExtras(_ body: [UInt8]) -> [UInt8] {
        guard payload.searchInfo != nil || payload.choices.contains(where: { $0.logprobs != nil }),
            case .object(var object)? = try? JSON(parsing: body)
        else { return body }
        let choices = zip(object["choices"]?.arrayValue ?? [], payload.choices).map { json, choice in
            guard let logprobs = choice.logprobs, var result = json.objectValue else { return json }
            result.set("logprobs", logprobs)
            return .object(result)
        }
        object.set("choices", .array(choices))
        if let info = payload.searchInfo { object.set("search_info", info) }
        return object.encoded
    }
}
