/// The neutral request: OpenAI's `chat.completions` JSON, checked for faults that need no platform to find.
///
/// In: any JSON value. Out: a request whose known fields have the right type. Unknown fields are kept, and members that
/// are null or empty count as absent. Each adapter says how much of a field its platform takes. May fail with
/// `RequestError`, which names the first field at fault.
///
/// 1. tidied (`ChatRequestTidying`), 2. checked (`ChatRequestCheck`), 3. put into today's words (`LegacyFunctions`).
package struct ChatRequest: Sendable, Equatable {
    /// A capability that a model needs to serve a request.
    ///
    /// Raw values are the catalogue's names.
    package enum Capability: String, Sendable, CaseIterable {
        case streaming
        case functionCalling = "function_calling"
        case vision
        case jsonMode = "json_mode"
    }

    package struct Limits: Sendable {
        /// Chosen: longer than any real conversation, short enough that checking stays below a few milliseconds.
        package var maxMessages = 10_000
        /// Chosen: the longest names seen (fine-tunes, endpoint ids) are below 128 bytes.
        package var maxModelBytes = 256

        package init() {}
    }

    /// The request as the caller asks it.
    ///
    /// Adapters derive theirs from it.
    package var body: JSONObject
    /// The caller asks for calls in the old style, `functions` alone, so answers speak of `function_call`, too.
    package let usesLegacyFunctions: Bool
    /// Each capability needed, with the field that needs it, for a refusal that names it.
    package let neededBy: [Capability: String]

    package init(validating body: JSON, limits: Limits = Limits()) throws(RequestError) {
        guard case .object(let object) = body else {
            throw RequestError(.invalidType, nil, "The request body must be a JSON object.")
        }
        let tidy = ChatRequestTidying.tidied(object) ?? object
        var check = ChatRequestCheck(limits: limits)
        try check.run(tidy)
        usesLegacyFunctions = tidy["functions"] != nil && tidy["tools"] == nil
        self.body = LegacyFunctions.modernized(tidy) ?? tidy
        neededBy = check.neededBy
    }

    /// Reads the body of a queue entry.
    ///
    /// A body that is not JSON is refused like one that is not a request.
    package init(decoding bytes: [UInt8], limits: Limits = Limits()) throws(RequestError) {
        try self.init(validating: JSON(requestBody: bytes), limits: limits)
    }
}

extension ChatRequest {
    package var needs: Set<Capability> { Set(neededBy.keys) }
    package var model: String { body["model"]?.stringValue ?? "" }
    package var isStream: Bool { body["stream"]?.boolValue ?? false }
    package var messages: [JSON] { body["messages"]?.arrayValue ?? [] }
    package var user: String? { body["user"]?.stringValue }
    /// Answers asked for.
    package var n: Int { body["n"]?.intValue ?? 1 }

    /// The caller wants the extra chunk with the usage at the end of a stream.
    package var includeUsage: Bool { body["stream_options"]?["include_usage"]?.boolValue ?? false }

    /// Tokens of one answer at most, by either name, or `nil` to leave it to the model.
    package var maxTokens: Int? {
        let limit = body["max_completion_tokens"]?.intValue ?? body["max_tokens"]?.intValue
        return limit.flatMap { $0 > 0 ? $0 : nil }
    }

    /// Every text of the prompt, for token estimates: contents, names and arguments of calls, tool definitions.
    package func forEachText(_ visit: (String) -> Void) {
        for message in messages {
            ChatRequest.visitTexts(message["content"], visit)
            ChatRequest.visitTexts(message["tool_calls"], visit)
        }
        ChatRequest.visitTexts(body["tools"], visit)
    }

    /// Strings below `value`, except URLs and data: an image is not read as text.
    private static func visitTexts(_ value: JSON?, _ visit: (String) -> Void) {
        switch value {
        case .string(let text): visit(text)
        case .array(let elements): for element in elements { visitTexts(element, visit) }
        case .object(let object):
            for member in object.members where !["type", "id", "url", "data", "file_data"].contains(member.key) {
                visitTexts(member.value, visit)
            }
        default: break
        }
    }
}
