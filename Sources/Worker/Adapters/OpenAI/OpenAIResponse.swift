/// Reads a whole `chat.completion`, and turns it into deltas where a stream was asked for.
///
/// Members that OpenAI guarantees and a server left out are added: ids, types, texts of arguments, roles, finish
/// reasons and the members that OpenAI's schema requires. The bytes pass on untouched where nothing is missing.
import Shared

struct OpenAIResponse {
    private let body: JSONObject
    private let choices: [JSON]
    private let reason: String?
    /// The completion to pass on.
    let bytes: [UInt8]

    /// Fails with the error that a 200 reports, or with `unreadableAnswer` where this is no completion.
    init(_ bytes: [UInt8], _ words: OpenAIAnswerWords, _ context: ResponseContext) throws(JobFailure) {
        let read: LenientJSON
        do {
            read = try LenientJSON(bytes)
        } catch {
            throw JobFailure.unreadable("is \(error)")
        }
        let value = read.value
        if let failure = words.failures.failure(inside: value) { throw failure }
        guard let given = value.objectValue, given["choices"]?.arrayValue?.isEmpty == false else {
            throw JobFailure.unreadable("has no choices")
        }
        var body = given
        let mending = OpenAIResponseMending(words, context)
        reason = try mending.mend(&body)
        self.body = body
        choices = body["choices"]?.arrayValue ?? []
        // An untouched body shares its storage with the original, so the comparison is instant.
        self.bytes = body == given && !read.isMended ? bytes : body.encoded(capacity: bytes.count + 64)
    }

    /// The end without the body and the deltas.
    var end: ChatCompletionEnd {
        let usage = TokenUsage(answer: body)
        var end = ChatCompletionEnd(model: body["model"]?.stringValue, finishReason: reason, usage: usage)
        end.requestID = body["id"]?.stringValue
        end.bodyUsage = TokenUsage(shown: body["usage"])
        if (usage?.output ?? 0) == 0 { end.countedTokens = countedTokens }
        return end
    }

    private var countedTokens: Int {
        var estimate = TokenEstimate()
        for choice in choices { estimate.add(textsOf: choice["message"]) }
        return estimate.tokens
    }

    /// The answer as one chunk per choice.
    var deltas: [ChatDelta] {
        var envelope = JSONObject()
        for member in body.members
        where member.value != .null && !["id", "object", "created", "usage", "choices"].contains(member.key) {
            envelope.set(member.key, member.value)
        }
        return choices.compactMap { choice in
            guard var object = choice.objectValue, var message = object.remove("message")?.objectValue else {
                return nil
            }
            if let calls = message["tool_calls"]?.arrayValue {
                message.set("tool_calls", .array(calls.enumerated().map(OpenAIResponse.indexed)))
            }
            object.set("delta", .object(message))
            return .chunk([.object(object)], envelope)
        }
    }

    /// Calls in a delta carry their index.
    ///
    /// In a message their position gives it.
    private static func indexed(_ position: Int, _ call: JSON) -> JSON {
        guard var object = call.objectValue else { return call }
        object.set("index", .int(position))
        return .object(object)
    }
}
