/// Checks the fields around the messages, in a fixed order.
///
/// Types are checked here, and bounds that protect this service. Ranges and lists of words are each platform's own, so
/// its adapter checks them and adapts or refuses.
struct ChatRequestCheck {
    let limits: ChatRequest.Limits
    var neededBy: [ChatRequest.Capability: String] = [:]

    init(limits: ChatRequest.Limits) {
        self.limits = limits
    }

    mutating func run(_ body: JSONObject) throws(RequestError) {
        try model(body)
        try messages(body)
        try numbers(body)
        try stop(body)
        try stream(body)
        try tools(body)
        try responseFormat(body)
        try user(body)
    }

    /// Enters an index of the ledger, and with it every row of the caller's.
    func user(_ body: JSONObject) throws(RequestError) {
        guard let value = present(body, "user") else { return }
        guard let user = value.stringValue else { throw .type("user", "a string") }
        guard user.utf8.count <= Bounds.user else { throw .value("user", "at most \(Bounds.user) bytes") }
    }

    /// The member, unless it is null.
    func present(_ object: JSONObject, _ name: String) -> JSON? {
        object[name].flatMap { $0 == .null ? nil : $0 }
    }

    func model(_ body: JSONObject) throws(RequestError) {
        guard let value = present(body, "model") else { throw .missing("model") }
        guard let model = value.stringValue else { throw .type("model", "a string") }
        let isClean = model.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        guard isClean, (1...limits.maxModelBytes).contains(model.utf8.count) else {
            throw .value("model", "1 to \(limits.maxModelBytes) bytes without control characters")
        }
    }

    /// Far beyond any model, and small enough to be added up.
    private static let mostTokens = 1 << 30
    /// Each is an answer to be held and joined.
    private static let mostAnswers = 128
    /// Chosen: four times what any platform takes.
    ///
    /// All of an answer is searched for each.
    private static let mostStops = 64
    /// Chosen: the longest words that any platform has for a role or a format are below 32 bytes.
    static let longestWord = 64

    private func numbers(_ body: JSONObject) throws(RequestError) {
        for name in ["temperature", "top_p", "presence_penalty", "frequency_penalty"] {
            if let value = present(body, name), value.doubleValue == nil { throw .type(name, "a number") }
        }
        try integer(body, "n", 1...Self.mostAnswers)
        try integer(body, "max_tokens", -Self.mostTokens...Self.mostTokens)
        try integer(body, "max_completion_tokens", -Self.mostTokens...Self.mostTokens)
        try integer(body, "top_logprobs", Int.min...Int.max)
        try integer(body, "seed", Int.min...Int.max)
        try bool(body, "logprobs")
        try bool(body, "parallel_tool_calls")
    }

    private func integer(_ body: JSONObject, _ name: String, _ range: ClosedRange<Int>) throws(RequestError) {
        guard let value = present(body, name) else { return }
        guard let number = value.intValue else { throw .type(name, "an integer") }
        guard range.contains(number) else {
            throw .value(name, "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    func bool(_ body: JSONObject, _ name: String, in parent: String = "") throws(RequestError) {
        guard let value = present(body, name) else { return }
        guard value.boolValue != nil else { throw .type(parent + name, "a boolean") }
    }

    private func stop(_ body: JSONObject) throws(RequestError) {
        switch present(body, "stop") {
        case nil, .string: return
        case .array(let stops):
            guard stops.count <= Self.mostStops else { throw .value("stop", "at most \(Self.mostStops) strings") }
            guard stops.allSatisfy({ $0.stringValue != nil }) else {
                throw .type("stop", "a string or an array of strings")
            }
        default: throw .type("stop", "a string or an array of strings")
        }
    }

    private mutating func stream(_ body: JSONObject) throws(RequestError) {
        try bool(body, "stream")
        let isStream = body["stream"]?.boolValue ?? false
        if isStream { neededBy[.streaming] = "stream" }
        guard let options = present(body, "stream_options") else { return }
        guard let options = options.objectValue else { throw .type("stream_options", "an object") }
        guard isStream else {
            throw RequestError(
                .invalidValue, "stream_options", "'stream_options' is only allowed when 'stream' is enabled.")
        }
        try bool(options, "include_usage", in: "stream_options.")
    }

    private mutating func responseFormat(_ body: JSONObject) throws(RequestError) {
        guard let value = present(body, "response_format") else { return }
        guard let format = value.objectValue else { throw .type("response_format", "an object") }
        guard let type = present(format, "type") else { throw .missing("response_format.type") }
        switch type.stringValue {
        case "json_object": break
        case "json_schema":
            guard present(format, "json_schema")?.objectValue != nil else {
                throw .missing("response_format.json_schema")
            }
        case nil: throw .type("response_format.type", "a string")
        // `text` asks for nothing. Others (`grammar`, `regex`, …) are some servers' own.
        default: return
        }
        neededBy[.jsonMode] = "response_format"
    }
}
