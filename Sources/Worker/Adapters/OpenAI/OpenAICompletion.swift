/// Reads a whole `chat.completion`, and turns one into deltas where a stream was asked for.
import Shared

struct OpenAICompletion {
    private let body: JSONObject
    private let choices: [JSON]
    /// The completion to pass on: byte for byte as it came, unless the platform's words differ from OpenAI's.
    let bytes: [UInt8]

    /// Fails with what the platform reported in a 200, or `unreadableAnswer` where this is no completion.
    init(_ bytes: [UInt8], _ dialect: OpenAIDialect) throws(JobFailure) {
        let read: LenientJSON
        do {
            read = try LenientJSON(bytes)
        } catch {
            throw JobFailure.unreadable("is \(error)")
        }
        let value = read.value
        if UpstreamError.object(value) != nil { throw dialect.failures.failure(UpstreamError(openAI: value)) }
        guard let given = value.objectValue, given["choices"]?.arrayValue?.isEmpty == false else {
            throw JobFailure.unreadable("has no choices")
        }
        var rules = OpenAIChoices(dialect)
        var body = rules.normalised(given)
        if let failure = rules.failure { throw failure }
        if body["object"] == nil { body.set("object", "chat.completion") }
        self.body = body
        choices = body["choices"]?.arrayValue ?? []
        self.bytes = body == given && !read.isMended ? bytes : body.encoded
    }

    /// Everything about the end but the body and the deltas.
    var end: ChatCompletionEnd {
        let reason = choices.lazy.compactMap { $0["finish_reason"]?.stringValue }.first
        let usage = TokenUsage(openAI: body["usage"])
        var end = ChatCompletionEnd(model: body["model"]?.stringValue, finishReason: reason, usage: usage)
        end.requestID = body["id"]?.stringValue
        if usage == nil { end.countedTokens = countedTokens }
        return end
    }

    private var countedTokens: Int {
        var estimate = TokenEstimate()
        for choice in choices { OpenAIChunk.addTexts(of: choice["message"], to: &estimate) }
        return estimate.tokens
    }

    /// The answer as one chunk per choice.
    var deltas: [ChatDelta] {
        choices.compactMap { choice in
            guard var object = choice.objectValue, var message = object.remove("message")?.objectValue else {
                return nil
            }
            if let calls = message["tool_calls"]?.arrayValue {
                message.set("tool_calls", .array(calls.enumerated().map(OpenAICompletion.indexed)))
            }
            object.set("delta", .object(message))
            var chunk = body
            chunk.set("choices", [.object(object)])
            chunk.remove("usage")
            return OpenAIChunk(chunk).delta
        }
    }

    /// Calls in a delta say which one they are; in a message their place does.
    private static func indexed(_ position: Int, _ call: JSON) -> JSON {
        guard var object = call.objectValue, object["index"] == nil else { return call }
        object.set("index", .int(position))
        return .object(object)
    }
}
