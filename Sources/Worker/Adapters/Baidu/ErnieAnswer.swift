/// What one v1 answer says, whole or one event of a stream, and how it becomes a completion.
///
/// The call of a function comes whole, without an id: the answer's own id makes one.
import Shared

struct ErnieAnswer: Sendable {
    let id: String?
    /// Seconds since 1970.
    let created: Int64?
    let text: String
    let call: CompletionBody.ToolCall?
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
        usage = TokenUsage(openAI: value["usage"])
    }

    private static func call(_ value: JSON) -> CompletionBody.ToolCall? {
        guard let call = value["function_call"], let name = call["name"]?.stringValue, !name.isEmpty else { return nil }
        let arguments = call["arguments"]?.stringValue ?? ""
        return CompletionBody.ToolCall(
            id: "call_" + (value["id"]?.stringValue ?? name), name: name,
            arguments: arguments.isEmpty ? "{}" : arguments)
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
    static func end(_ body: [UInt8], _ answer: AnswerShape) throws(JobFailure) -> ChatCompletionEnd {
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

    private var reason: String { Self.reason(finishReason, hasCall: call != nil) }

    /// That of the end: some models say "normal" of a call, or nothing.
    static func reason(_ given: String?, hasCall: Bool) -> String {
        let reason = given ?? "stop"
        return hasCall && reason == "stop" ? "tool_calls" : reason
    }

    private func end(_ answer: AnswerShape) -> ChatCompletionEnd {
        var body = CompletionBody(id: id ?? "", created: created ?? answer.now / 1000, model: answer.model)
        var choice = CompletionBody.Choice(content: text.isEmpty && call != nil ? nil : text, finishReason: reason)
        choice.toolCalls = call.map { [$0] } ?? []
        body.choices = [choice]
        body.usage = usage
        var end = body.end
        end.requestID = id
        return end
    }

    /// The answer as deltas, where a stream was asked for.
    private func streamEnd(_ answer: AnswerShape) -> ChatCompletionEnd {
        let chunks = ChunkBody(model: answer.model)
        var end = ChatCompletionEnd(model: answer.model, finishReason: reason, usage: usage)
        end.requestID = id
        end.deltas = [chunks.role()] + deltas(chunks, callIndex: 0) + [chunks.finish(reason)]
        return end
    }

    /// What is in it to be shown.
    func deltas(_ chunks: ChunkBody, callIndex: Int) -> [ChatDelta] {
        var deltas: [ChatDelta] = []
        if !text.isEmpty { deltas.append(chunks.text(text)) }
        if let call {
            deltas.append(chunks.toolCall(callIndex, id: call.id, name: call.name, arguments: call.arguments))
        }
        return deltas
    }
}
