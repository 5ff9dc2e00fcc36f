/// Alibaba's DashScope (Model Studio) in its native mode: Qwen and the other models that the platform serves.
///
/// Credential: the key itself (`sk-…`). Account settings: `workspace` (header `X-DashScope-WorkSpace`), `endpoint`
/// (`text` or `multimodal`, where a model's name does not show which one serves it), `headers` (more headers, one
/// `name: value` a line). `account.baseURL` replaces the Beijing one, since keys belong to one region.
import Shared

struct DashScopeAdapter: ProviderAdapter {
    static let defaultBaseURL = "https://dashscope.aliyuncs.com/api/v1"

    init() {}

    func check(_ chat: ChatRequest, model: String, settings: [String: String]) throws(JobFailure) {
        try DashScopeCheck.check(chat, model: model, settings: settings)
    }

    func makeRequest(_ chat: ChatRequest, _ target: Target) throws(JobFailure) -> UpstreamRequest {
        let mustStream = try DashScopeThinking(chat, model: target.model).mustStream
        let chat = mustStream ? chat.streamed : chat
        let endpoint = try DashScopeCheck.endpoint(chat, model: target.model, settings: target.account.settings)
        let body = try DashScopeRequest(chat: chat, model: target.model, endpoint: endpoint).body()
        var headers = try Self.headers(target.account, isStream: chat.isStream)
        // For files in the platform's own store. Without the header the platform takes the URL for a web address.
        if Self.hasStoredImage(chat) { headers.append(("X-DashScope-OssResourceResolve", "enable")) }
        return UpstreamRequest(
            url: Self.base(target.account) + endpoint.path, headers: headers, body: body.encoded,
            isStream: chat.isStream)
    }

    func makeDecoder(_ context: ResponseContext) -> any ResponseDecoder {
        var decoder = Self.decoder(context)
        if DashScopeModel(context.model).repeatsText { decoder.repeated = RepeatedText() }
        return decoder
    }

    func failure(_ response: UpstreamResponse) -> JobFailure { DashScopeFailure.failure(response) }

    func failure(inside body: [UInt8]) -> JobFailure? { DashScopeFailure.inside(ErrorBody.json(body)) }

    /// Lists the models of the compatible mode, which is free.
    ///
    /// The native mode has no such list.
    func makePing(_ target: Target) throws(JobFailure) -> UpstreamRequest? {
        let base = Self.base(target.account)
        let native = "/api/v1"
        let models =
            base.hasSuffix(native) ? base.dropLast(native.count) + "/compatible-mode/v1/models" : base + "/models"
        var request = UpstreamRequest(
            url: models, headers: try Self.headers(target.account, isStream: false), body: [], isStream: false)
        request.method = "GET"
        return request
    }

    var embeddings: (any EmbeddingsAdapter)? { DashScopeEmbeddings() }

    static func base(_ account: AccountView) -> String {
        var base = (account.baseURL ?? defaultBaseURL)[...]
        while base.hasSuffix("/") { base.removeLast() }
        return String(base)
    }

    static func headers(
        _ account: AccountView, isStream: Bool
    ) throws(JobFailure) -> [(name: String, value: String)] {
        let key = account.credential.reveal()
        guard !key.isEmpty else { throw JobFailure(.authentication, "The account has no key.") }
        var headers: [(name: String, value: String)] = [
            ("Content-Type", "application/json"), ("Accept", isStream ? "text/event-stream" : "application/json"),
            ("Authorization", "Bearer \(key)"),
        ]
        if isStream { headers.append(("X-DashScope-SSE", "enable")) }
        if let workspace = account.settings["workspace"], !workspace.isEmpty {
            headers.append(("X-DashScope-WorkSpace", workspace))
        }
        return try ExtraHeaders.completing(headers, account.settings)
    }

    private static func hasStoredImage(_ chat: ChatRequest) -> Bool {
        chat.neededBy[.vision] != nil
            && chat.typedMessages.contains { message in
                message.parts.contains { part in
                    if case .image(.url(let url)) = part { url.hasPrefix("oss://") } else { false }
                }
            }
    }
}
