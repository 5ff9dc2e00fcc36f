/// Reads errors out of bodies: OpenAI's shape, and the other shapes of compatible servers and gateways.
///
/// In: JSON. Out: the error in it (`init(openAI:)`, for a request that was refused anyway), or `nil` where it is none
/// (`init?(inside:)`, for a body or an event with status 200, which may be an answer). Known forms: `{"error": {…}}`,
/// `{"error": "…"}`, `[{"error": …}]`, `{"errors": […]}`, `{"detail": …}`, `{"message", "code"}`, `{"base_resp": {…}}`,
/// `{"choices": [{"error": {…}}]}`, `finish_reason: "error"`, and another error inside the message of one.
import Shared

extension UpstreamError {
    /// Members that hold an explanation, the most informative first.
    private static let messageNames = [
        "message", "msg", "error_msg", "error_message", "errorMessage", "status_msg", "detail", "error_description",
        "description", "reason", "title", "error",
    ]
    private static let codeNames = ["code", "error_code", "errorCode"]
    private static let typeNames = ["type", "error_type"]
    /// Members that may hold the error of the platform behind a gateway.
    private static let innerNames = ["message", "error", "raw", "upstream_error", "inner_error", "cause"]
    /// Members of an answer that no error has.
    private static let answerNames = [
        "data", "output", "result", "content", "candidates", "embeddings", "response",
    ]
    /// Codes of success.
    private static let fine: Set<String> = ["", "0", "200", "ok", "success", "null", "none"]
    /// Most errors inside errors that are read.
    private static let depth = 3

    /// Reads the body of a refused request.
    init(openAI body: JSON?) {
        self.init()
        guard let body else { return }
        read(Self.error(in: body) ?? body, depth: Self.depth)
    }

    /// `nil` where the body is no error.
    init?(inside body: JSON) {
        guard let error = Self.error(in: body) else { return nil }
        self.init()
        read(error, depth: Self.depth)
        // A server that writes an answer's choice and then an error has failed.
        if named == nil, Self.isChoice(body) { named = 502 }
    }

    /// Codes are strings.
    ///
    /// Numbers are read too.
    static func code(_ value: JSON?) -> String {
        switch value {
        case .string(let text): text
        case .number(let number): number.literal
        default: ""
        }
    }

    // MARK: - Finding

    /// The part of a body that reports an error, `nil` where it is an answer.
    private static func error(in body: JSON) -> JSON? {
        if case .array(let elements) = body { return elements.first?.objectValue.flatMap { error(in: $0) } }
        return body.objectValue.flatMap { error(in: $0) }
    }

    private static func error(in body: JSONObject) -> JSON? {
        if let error = body["error"], says(error) { return .object(merged(error, body)) }
        if let choices = body["choices"]?.arrayValue, !choices.isEmpty {
            return choices.lazy.compactMap(error(of:)).first
        }
        if body["object"] == "error" || body["type"] == "error" || NamedStatus.of(body) != nil { return .object(body) }
        if let first = body["errors"]?.arrayValue?.first, says(first) { return .object(merged(first, body)) }
        if let answer = body["base_resp"]?.objectValue, !isFine(answer["status_code"]) { return .object(answer) }
        if answerNames.contains(where: { body[$0].map(says) ?? false }) { return nil }
        if let detail = body["detail"], says(detail) { return .object(merged(detail, body)) }
        let hasText = messageNames.contains { body[$0]?.stringValue?.isEmpty == false }
        let hasFailed = body["success"] == false || codeNames.contains { !isFine(body[$0]) }
        return hasText && hasFailed ? .object(body) : nil
    }

    private static func error(of choice: JSON) -> JSON? {
        if let error = choice["error"], says(error) { return .object(merged(error, JSONObject())) }
        return choice["finish_reason"] == "error" ? .object([:]) : nil
    }

    private static func isChoice(_ body: JSON) -> Bool {
        body["error"].map(says) != true && body["choices"]?.arrayValue?.isEmpty == false
    }

    /// The error as an object, completed by the members beside it.
    private static func merged(_ error: JSON, _ body: JSONObject) -> JSONObject {
        guard var object = error.objectValue else {
            var object = body
            for name in ["error", "errors", "detail"] { object.remove(name) }
            let isExplained = messageNames.contains { object[$0].map(says) ?? false }
            if !isExplained, error.boolValue == nil { object.set("message", error) }
            return object
        }
        if NamedStatus.of(object) == nil, let status = NamedStatus.of(body) { object.set("status_code", .int(status)) }
        return object
    }

    /// False for null, an empty text, an empty object or a code of success, which servers write beside their answers.
    private static func says(_ value: JSON) -> Bool {
        switch value {
        case .null: false
        case .bool(let flag): flag
        case .number(let number): number.doubleValue != 0
        case .string(let text): !text.isEmpty
        case .array(let elements): elements.contains(where: says)
        case .object(let object):
            // A code of null or of no text, which Go's gateways write, decides nothing. The other members do.
            object.members.contains { says($0.value) } && (code(object["code"]).isEmpty || !isFine(object["code"]))
        }
    }

    private static func isFine(_ code: JSON?) -> Bool { fine.contains(self.code(code).lowercased()) }

    // MARK: - Reading

    private mutating func read(_ error: JSON, depth: Int) {
        guard let object = error.objectValue else {
            message = Self.text(error, depth) ?? ""
            return
        }
        named = NamedStatus.of(object)
        let codes = Self.codeNames.map { Self.code(object[$0]) }
        code = codes.first { !Self.fine.contains($0.lowercased()) && NamedStatus.number(in: $0) == nil } ?? ""
        if code.isEmpty, let word = object["status"]?.stringValue, NamedStatus.words[word] != nil { code = word }
        type = Self.typeNames.lazy.compactMap { object[$0]?.stringValue }.first { $0 != "error" } ?? ""
        let given = object["param"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        param = given ?? Self.field(object["detail"] ?? object["message"])
        message = Self.messageNames.lazy.compactMap { object[$0].flatMap { Self.text($0, depth) } }.first ?? ""
        retryAfter = RetryAfter.inside(object, message: message)
        if depth > 0, let inner = Self.inner(of: object) { add(inner, depth - 1) }
    }

    /// Adds the error of the platform behind a gateway.
    ///
    /// Its words explain, and the gateway's own status stays.
    private mutating func add(_ inner: JSON, _ depth: Int) {
        var error = UpstreamError()
        error.read(inner, depth: depth)
        if !error.message.isEmpty { message = error.message }
        if code.isEmpty { code = error.code }
        if type.isEmpty { type = error.type }
        named = named ?? error.named
        param = param ?? error.param
        retryAfter = retryAfter ?? error.retryAfter
    }

    private static func inner(of object: JSONObject) -> JSON? {
        let places = innerNames.map { object[$0] } + innerNames.map { object["metadata"]?[$0] }
        return places.lazy.compactMap { $0 }.compactMap { value -> JSON? in
            guard let body = value.objectValue.map(JSON.object) ?? value.stringValue.flatMap(packed) else { return nil }
            return error(in: body) ?? (body.objectValue == nil ? nil : body)
        }.first
    }

    /// Parses JSON that was written as text.
    private static func packed(_ text: String) -> JSON? {
        guard let first = text.utf8.first(where: { $0 != 0x20 }),
            [UInt8(ascii: "{"), UInt8(ascii: "[")].contains(first)
        else { return nil }
        return try? JSON(parsing: Array(text.utf8))
    }

    /// An explanation in words, from texts, objects and lists of them.
    private static func text(_ value: JSON, _ depth: Int) -> String? {
        switch value {
        case .string(let text): return text.isEmpty ? nil : text
        case .object(let object) where depth > 0:
            return messageNames.lazy.compactMap { object[$0].flatMap { text($0, depth - 1) } }.first
        case .array(let elements) where depth > 0:
            let texts = elements.prefix(3).compactMap { element in
                text(element, depth - 1).map { words in field(element).map { "\($0): \(words)" } ?? words }
            }
            return texts.isEmpty ? nil : texts.joined(separator: "; ")
        default: return nil
        }
    }

    /// FastAPI's `loc: ["body", "messages", 0]` as a path.
    private static func field(_ value: JSON?) -> String? {
        if case .array(let elements)? = value { return elements.first.flatMap { field($0) } }
        guard let place = value?["loc"]?.arrayValue else { return nil }
        let names = place.map { $0.stringValue ?? code($0) }.filter { $0 != "body" && !$0.isEmpty }
        return names.isEmpty ? nil : names.joined(separator: ".")
    }
}
