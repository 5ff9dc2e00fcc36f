/// The adapter for OpenAI's API, which most platforms speak, with a platform's differences as a value.
///
/// In: the neutral request, which is OpenAI's. Out: the same with the platform's id of the model, its own names and
/// ranges, and `include_usage` on streams, which exact billing needs. Account settings: `headers` (more headers, one
/// `name: value` a line), and those that the dialect names.
import Shared

struct OpenAIAdapter: ProviderAdapter {
    let dialect: OpenAIDialect
    /// Exchanges the account's key for a token.
    ///
    /// `nil` sends the key itself.
    var tokens: (any TokenExchange)?

    init(_ dialect: OpenAIDialect, tokens: (any TokenExchange)? = nil) {
        self.dialect = dialect
        self.tokens = tokens
    }

    var embeddings: (any EmbeddingsAdapter)? { dialect.embeddings.map { OpenAIEmbeddings(adapter: self, dialect: $0) } }

    func check(_ chat: ChatRequest, model: String, settings: [String: String]) throws(JobFailure) {
        try dialect.fields?.check(chat)
        try dialect.limits?.check(chat)
        _ = try dialect.reasoning?(chat, model)
        for check in dialect.checks { try check(chat, model) }
    }

    func dropped(_ chat: ChatRequest, model: String, settings: [String: String]) -> [String] {
        dialect.dropped(chat, model)
    }

    func makeRequest(_ chat: ChatRequest, _ target: Target) throws(JobFailure) -> UpstreamRequest {
        let chat = try dialect.onlyStreams(chat, target.model) ? chat.streamed : chat
        return UpstreamRequest(
            url: url(target.account, "/chat/completions"),
            headers: try headers(target.account, isStream: chat.isStream),
            body: try body(chat, model: target.model).encoded, isStream: chat.isStream)
    }

    func makeDecoder(_ context: ResponseContext) -> any ResponseDecoder {
        var decoder = dialect.decoder(context)
        if dialect.repeatsText(context.model) { decoder.repeated = RepeatedText() }
        return decoder
    }

    func failure(_ response: UpstreamResponse) -> JobFailure {
        var error = UpstreamError(openAI: ErrorBody.json(response.body))
        error.note(response)
        error.retryAfter = error.retryAfter ?? dialect.namedCoolDown(error.message, response.now)
        return dialect.failures.failure(error)
    }

    func failure(inside body: [UInt8]) -> JobFailure? {
        ErrorBody.json(body).flatMap(dialect.failures.failure(inside:))
    }

    func makePing(_ target: Target) throws(JobFailure) -> UpstreamRequest? {
        let headers = try headers(target.account, isStream: false)
        switch dialect.ping {
        case .models:
            var request = UpstreamRequest(
                url: url(target.account, "/models"), headers: headers, body: [], isStream: false)
            request.method = "GET"
            return request
        case .chat(let free):
            let model = target.account.baseURL == nil ? free : target.model
            let body: JSONObject = [
                "model": .string(model), "messages": [["role": "user", "content": "hi"]], "max_tokens": 1,
            ]
            return UpstreamRequest(
                url: url(target.account, "/chat/completions"), headers: headers, body: body.encoded, isStream: false)
        }
    }

    // MARK: - Request

    private func body(_ chat: ChatRequest, model: String) throws(JobFailure) -> JSONObject {
        var body = chat.body
        body.set("model", .string(model))
        if let members = try dialect.reasoning?(chat, model).members {
            for field in ReasoningOptions.fields { body.remove(field) }
            for member in members { body.set(member.key, member.value) }
        }
        if let fields = dialect.fields { body.removeAll { !fields.sends($0) } }
        if asksForOneCall(chat, model) { body.set("parallel_tool_calls", false) }
        for name in dialect.dropped(chat, model) { body.remove(name) }
        for edit in dialect.edits(model) { edit.apply(to: &body) }
        let messages = dialect.messages(model)
        if let edited = messages.apply(to: chat, model: model) { body.set("messages", .array(edited)) }
        if messages.known != nil, let tools = body["tools"]?.arrayValue.flatMap(KnownMembers.tools) {
            body.set("tools", .array(tools))
        }
        if dialect.alwaysSendsUsage {
            body.remove("stream_options")
        } else if chat.isStream {
            var options = body["stream_options"]?.objectValue ?? [:]
            options.set("include_usage", true)
            body.set("stream_options", .object(options))
        }
        return body
    }

    /// A legacy answer has room for one call, so platforms that can limit calls to one are asked to.
    private func asksForOneCall(_ chat: ChatRequest, _ model: String) -> Bool {
        guard chat.usesLegacyFunctions, !dialect.refusesParallelCalls(model) else { return false }
        return dialect.fields?.known.contains("parallel_tool_calls") ?? true
    }

    func headers(_ account: AccountView, isStream: Bool) throws(JobFailure) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = [
            ("Content-Type", "application/json"), ("Accept", isStream ? "text/event-stream" : "application/json"),
        ]
        let key = account.credential.reveal()
        // Local servers (vLLM, Ollama) need none.
        if !key.isEmpty { headers.append(("Authorization", "Bearer \(key)")) }
        for (setting, name) in dialect.headers {
            if let value = account.settings[setting], !value.isEmpty { headers.append((name, value)) }
        }
        return try ExtraHeaders.completing(headers, account.settings)
    }

    func url(_ account: AccountView, _ path: String) -> String {
        UpstreamRequest.join(account.baseURL ?? dialect.baseURL, path)
    }
}

extension UpstreamRequest {
    /// Joins a base URL, with or without a slash at its end, and a path.
    static func join(_ base: String, _ path: String) -> String {
        var base = base[...]
        while base.hasSuffix("/") { base.removeLast() }
        return base + path
    }
}
