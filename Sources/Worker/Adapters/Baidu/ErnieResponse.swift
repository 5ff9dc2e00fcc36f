/// Turns a whole v1 answer into a `chat.completion`, or into deltas where a stream was asked for.
import Shared

struct ErnieResponse {
    private let payload: ErniePayload
    private let context: ResponseContext

    /// Fails with what the body reports, or with `unreadableAnswer` where it is no answer.
    init(_ bytes: [UInt8], _ context: ResponseContext) throws(JobFailure) {
        let value: JSON
        do {
            value = try JSON(reading: bytes)
        } catch {
            throw JobFailure.unreadable("is \(error)")
        }
        if let failure = ErnieFailure.inside(value) { throw failure }
        guard value["result"] != nil || value["function_call"] != nil else {
            throw JobFailure.unreadable("has no result")
        }
        payload = ErniePayload(value)
        self.context = context
    }

    /// The end of a request that was not a stream.
    var end: ChatCompletionEnd {
        var body = CompletionBody(id: payload.id, created: payload.created, context)
        body.choices = [
            .init(
                text: payload.text, reasoning: "", calls: payload.calls(context), finishReason: payload.finishReason)
        ]
        body.usage = payload.usage
        var end = body.end
        end.requestID = payload.id
        return end
    }

    /// The end of a request that asked for a stream, with the answer as deltas.
    var streamEnd: ChatCompletionEnd {
        let chunks = ChunkBody(context)
        // Some models report "normal", or nothing, for a call.
        let reason = FinishReason.said(payload.finishReason, hasCalls: payload.call != nil, context.calls.style)
        var end = ChatCompletionEnd(model: context.model, finishReason: reason, usage: payload.usage)
        end.requestID = payload.id
        end.deltas = [chunks.role()]
        if !payload.text.isEmpty { end.deltas.append(chunks.text(payload.text)) }
        end.deltas += chunks.calls(payload.calls(context)) + [chunks.finish(reason)]
        return end
    }
}
