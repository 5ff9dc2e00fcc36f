/// Anthropic's Messages API: Claude.
///
/// Credential: the key itself (`sk-ant-…`). Account settings: `auth` (`bearer` sends it as `Authorization: Bearer`,
/// else `x-api-key`), `anthropic_version` (default `defaultVersion`), `anthropic_beta` (header `anthropic-beta`),
/// `headers` (more headers, one `name: value` a line). `account.baseURL` replaces the platform's own, and may end in
/// `/v1`.
import Shared

struct AnthropicAdapter: ProviderAdapter {
    static let defaultBaseURL = "https://api.anthropic.com"
    /// The older of two versions.
    ///
    /// All models take it, and models before 4.7 take a temperature only with it.
    static let defaultVersion = "2023-06-01"

    init() {}

    func check(_ chat: ChatRequest, model: String, settings: [String: String]) throws(JobFailure) {
        try AnthropicCheck(chat: chat, model: model).run()
    }

    func dropped(_ chat: ChatRequest, model: String, settings: [String: String]) -> [String] {
        let claude = ClaudeModel(model)
        guard let thinking = try? AnthropicThinking(chat, claude) else { return [] }
        return AnthropicSampling(chat, claude, version: Self.version(settings)).dropped(isThinking: thinking.isThinking)
    }

    func makeRequest(_ chat: ChatRequest, _ target: Target) throws(JobFailure) -> UpstreamRequest {
        let body = try AnthropicRequest(chat: chat, target: target).body()
        return UpstreamRequest(
            url: Self.url(target.account, "/messages"),
            headers: try Self.headers(target.account, isStream: chat.isStream),
            body: body.encoded, isStream: chat.isStream)
    }

    func makeDecoder(_ context: ResponseContext) -> any ResponseDecoder { Self.decoder(context) }

    func failure(_ response: UpstreamResponse) -> JobFailure {
        var error = UpstreamError(anthropic: ErrorBody.json(response.body))
        error.note(response)
        // A conflict passes, and SDKs retry it.
        if response.status == 409 { error.isTemporary = true }
        return AnthropicFailure.rules.failure(error)
    }

    func failure(inside body: [UInt8]) -> JobFailure? { AnthropicFailure.inside(ErrorBody.json(body)) }

    /// Counts the tokens of one word, which is free and checks key, model and version.
    func makePing(_ target: Target) throws(JobFailure) -> UpstreamRequest? {
        let body: JSONObject = [
            "model": .string(target.model), "messages": [["role": "user", "content": "ping"]],
        ]
        return UpstreamRequest(
            url: Self.url(target.account, "/messages/count_tokens"),
            headers: try Self.headers(target.account, isStream: false), body: body.encoded, isStream: false)
    }

    static func version(_ settings: [String: String]) -> String {
        guard let version = settings["anthropic_version"], !version.isEmpty else { return defaultVersion }
        return version
    }

    /// `path` is below `/v1`.
    static func url(_ account: AccountView, _ path: String) -> String {
        var base = (account.baseURL ?? defaultBaseURL)[...]
        while base.hasSuffix("/") { base.removeLast() }
        return base + (base.hasSuffix("/v1") ? "" : "/v1") + path
    }

    static func headers(
        _ account: AccountView, isStream: Bool
    ) throws(JobFailure) -> [(name: String, value: String)] {
        let key = account.credential.reveal()
        guard !key.isEmpty else { throw JobFailure(.authentication, "The account has no key.") }
        var headers: [(name: String, value: String)] = [
            ("Content-Type", "application/json"), ("Accept", isStream ? "text/event-stream" : "application/json"),
        ]
        switch account.settings["auth"] {
        case "bearer": headers.append(("Authorization", "Bearer \(key)"))
        case nil, "", "x-api-key": headers.append(("x-api-key", key))
        default:
            throw JobFailure(.authentication, "The account's setting 'auth' must be 'x-api-key' or 'bearer'.")
        }
        headers.append(("anthropic-version", version(account.settings)))
        if let beta = account.settings["anthropic_beta"], !beta.isEmpty { headers.append(("anthropic-beta", beta)) }
        return try ExtraHeaders.completing(headers, account.settings)
    }
}
