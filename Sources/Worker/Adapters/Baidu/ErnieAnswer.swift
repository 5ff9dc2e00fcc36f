/// What one v1 answer says, whole or one event of a stream, and how it becomes a completion.
///
/// The call of a function comes whole, without an id: the answer's own id makes one, or the request's.
import Shared

struct ErnieAnswer: Sendable {
    let id: String?
    /// Seconds since 1970.
    let created: Int64?
    let text: String
    let call: CallPiece?
    /// In OpenAI's words; `nil` until the end.
    let finishReason: String?
    let isEnd: Bool
    let usage: TokenUsage?

    init(_ value: JSON) {
        id = value["id"]?.stringValue
        created = value["created"]?.whole(in: Bounds.moment).map(Int64.init)
        text = value["result"]?.stringValue ?? ""
        call = Self.call(value)
        finishReason = Self.finishReason(value)
        isEnd = value["is_end"]?.boolValue ?? false
        usage = TokenUsage(counting: value["usage"])
    }

    private static func call(_ value: JSON) -> CallPiece? {
        guard let call = value["function_call"], let name = call["name"]?.text else { return nil }
        return CallPiece(
            id: value["id"]?.text.map { "call_" + $0 } ?? "", name: name, arguments: CallPiece.text(call["arguments"]))
    }

    func calls(_ answer: ResponseContext) -> WholeCalls {
        WholeCalls(call.map { [$0] } ?? [], answer.calls, choice: 0)
    }

    private static func finishReason(_ value: JSON) -> String? {
        switch value["finish_reason"]?.stringValue ?? "" {
        case "function_call": "tool_calls"
        case "length": "length"
        case "content_filter": "content_filter"
        case "": value["is_truncated"]?.boolValue == true ? "length" : nil
        default: value["is_truncated"]?.boolValue == true ? "length" : "stop"
        }
    }

    // MARK: - Whole answers

    /// Reads a whole body.
    ///
    /// Fails with what it reports, or `unreadableAnswer` where it is no answer.
    static func end(_ body: [UInt8], _ answer: ResponseContext) throws(JobFailure) -> ChatCompletionEnd {
        let value: JSON
        do {
            value = try JSON(reading: body)
        } catch {
            throw JobFailure.unreadable("is \(error)")
        }
        if let failure = ErnieFailure.inside(value) { throw failure }
        guard value["result"] != nil || value["function_call"] != nil else {
            throw JobFailure.unreadable("has no result")
        }
        let content = ErnieAnswer(value)
        return answer.isStream ? content.streamEnd(answer) : content.end(answer)
    }

    private func end(_ answer: ResponseContext) -> ChatCompletionEnd {
        var body = CompletionBody(id: id, created: created, answer)
        body.choices = [.init(text: text, reasoning: "", calls: calls(answer), finishReason: finishReason)]
        body.usage = usage
        var end = body.end
        end.requestID = id
        return end
    }

    /// The answer as deltas, where a stream was asked for.
    private func streamEnd(_ answer: ResponseContext) -> ChatCompletionEnd {
        let chunks = ChunkBody(answer)
        // Some models say "normal" of a call, or nothing.
        let reason = FinishReason.said(finishReason, hasCalls: call != nil, answer.calls.style)
        var end = ChatCompletionEnd(model: answer.model, finishReason: reason, usage: usage)
        end.requestID = id
        end.deltas = [chunks.role()]
        if !text.isEmpty { end.deltas.append(chunks.text(text)) }
        end.deltas += chunks.calls(calls(answer)) + [chunks.finish(reason)]
        return end
    }
}
