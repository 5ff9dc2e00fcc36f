/// Baidu's ERNIE API v1: legacy, for private or late accounts.
///
/// Key: `AK:SK` (also `AK|SK`), which gets an access token (`ErnieTokens`). Account settings: `auth` (`token`, or `iam`
/// for an IAM key that signs each request with bce-auth-v1), `headers` (more headers, one `name: value` a line). The
/// model is the path: names of the table below, else the name in lower case.
import Shared

struct ErnieV1Adapter: ProviderAdapter {
    static let defaultBaseURL = "https://aip.baidubce.com"

    private static let endpoints = [
        "ernie-4.0-8k": "completions_pro", "ernie-3.5-8k": "completions", "ernie-4.0-turbo-8k": "ernie-4.0-turbo-8k",
        "ernie-speed-8k": "ernie_speed", "ernie-speed-128k": "ernie-speed-128k", "ernie-lite-8k": "ernie-lite-8k",
        "ernie-lite-8k-0922": "eb-instant", "ernie-tiny-8k": "ernie-tiny-8k",
    ]

    init() {}

    static func endpoint(_ model: String) -> String {
        let name = model.lowercased()
        return PercentEncoding.encode(endpoints[name] ?? name)
    }

    func check(_ chat: ChatRequest, model: String, settings: [String: String]) throws(JobFailure) {
        try ErnieRequest(chat: chat).check()
    }

    func makeRequest(_ chat: ChatRequest, _ target: Target) throws(JobFailure) -> UpstreamRequest {
        let path = "chat/" + Self.endpoint(target.model)
        return try ErnieCall(path: path, body: ErnieRequest(chat: chat).body, isStream: chat.isStream).request(target)
    }

    func makeDecoder(_ context: ResponseContext) -> any ResponseDecoder { Self.decoder(context) }

    func failure(_ response: UpstreamResponse) -> JobFailure { ErnieFailure.failure(response) }

    func failure(inside body: [UInt8]) -> JobFailure? { ErnieFailure.inside(ErrorBody.json(body)) }

    /// Getting a token proves AK and SK.
    ///
    /// A signing key is proved by the smallest embedding.
    func makePing(_ target: Target) throws(JobFailure) -> UpstreamRequest? {
        guard try ErnieCall.signs(target.account.settings) else { return nil }
        return try ErnieCall(path: "embeddings/embedding-v1", body: ["input": ["a"]]).request(target)
    }

    var embeddings: (any EmbeddingsAdapter)? { ErnieEmbeddings() }

    var tokens: (any TokenExchange)? { ErnieTokens() }
}
