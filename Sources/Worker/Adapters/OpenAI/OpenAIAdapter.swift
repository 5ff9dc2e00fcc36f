/// OpenAI, and every server that speaks its language behind an account's own base URL.
///
/// The neutral request is OpenAI's, so it passes through; only `model`, and `include_usage` of streams, are set.
/// Account settings: `organization`, `project` (headers of that name), `headers` (more headers, one `name: value` a line).
import Shared

struct OpenAIAdapter: ProviderAdapter {
    static let defaultBaseURL = "https://api.openai.com/v1"

    init() {}

    func check(_ chat: ChatRequest, model: String, settings: [String: String]) throws(JobFailure) {}

    func failure(inside body: [UInt8]) -> JobFailure? {
        guard let value = try? JSON(parsing: body), OpenAIFailure.errorObject(value) != nil else { return nil }
        return OpenAIFailure(body: value, status: nil).failure()
    }

    func makePing(_ target: Target) throws(JobFailure) -> UpstreamRequest {
        var request = UpstreamRequest(
            url: OpenAIAdapter.url(target.account.baseURL ?? OpenAIAdapter.defaultBaseURL, "/models"),
            headers: try OpenAIAdapter.headers(target.account, isStream: false), body: [], isStream: false)
        request.method = "GET"
        return request
    }

    func makeRequest(_ chat: ChatRequest, _ target: Target) throws(JobFailure) -> UpstreamRequest {
        UpstreamRequest(
            url: OpenAIAdapter.url(target.account.baseURL ?? OpenAIAdapter.defaultBaseURL, "/chat/completions"),
            headers: try OpenAIAdapter.headers(target.account, isStream: chat.isStream),
            body: OpenAIAdapter.body(chat, model: target.model).encoded, isStream: chat.isStream)
    }

    func makeDecoder(_ answer: AnswerShape) -> any ResponseDecoder {
        OpenAIDecoder(answer)
    }

    func failure(_ refusal: UpstreamRefusal) -> JobFailure {
        let shouldRetry = refusal.headers("x-should-retry").flatMap { Bool($0.lowercased()) }
        return OpenAIFailure(body: try? JSON(parsing: refusal.body), status: refusal.status)
            .failure(retryAfter: RetryAfter.parse(refusal.headers, now: refusal.now), shouldRetry: shouldRetry)
    }

    /// Joins a base URL, with or without a slash at its end, and a path.
    static func url(_ base: String, _ path: String) -> String {
        var base = base[...]
        while base.hasSuffix("/") { base.removeLast() }
        return base + path
    }

    /// The caller's body with our model id; streams always ask for usage.
    ///
    /// Without it nobody could be billed exactly. Whether the caller sees it is decided where the stream is written out.
    static func body(_ chat: ChatRequest, model: String) -> JSONObject {
        var body = chat.body
        body.set("model", .string(model))
        if chat.isStream {
            var options = body["stream_options"]?.objectValue ?? [:]
            options.set("include_usage", true)
            body.set("stream_options", .object(options))
        }
        return body
    }

    private static func headers(
        _ account: AccountView, isStream: Bool
    ) throws(JobFailure) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = [
            ("Content-Type", "application/json"), ("Accept", isStream ? "text/event-stream" : "application/json"),
        ]
        let key = account.credential.reveal()
        // Local servers (vLLM, Ollama) need none.
        if !key.isEmpty { headers.append(("Authorization", "Bearer \(key)")) }
        for (setting, name) in [("organization", "OpenAI-Organization"), ("project", "OpenAI-Project")] {
            if let value = account.settings[setting], !value.isEmpty { headers.append((name, value)) }
        }
        headers += try ExtraHeaders.parse(account.settings["headers"])
        guard headers.allSatisfy({ ExtraHeaders.isValid(value: $0.value) }) else {
            throw JobFailure(.authentication, "The account's key or settings hold characters that no header can carry.")
        }
        return headers
    }
}
