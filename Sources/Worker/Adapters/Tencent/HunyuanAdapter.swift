/// Tencent Hunyuan's native API 3.0: legacy, for accounts that still have it.
///
/// Key: `SecretId:SecretKey` (also with `|`, or one-api's `AppId|SecretId|SecretKey`), which signs every request and is
/// never sent. Account settings: `region` (header `X-TC-Region`), `language` (`zh-CN` or `en-US`, of error texts),
/// `headers` (more headers, one `name: value` a line). `account.baseURL` replaces the host that is called and signed.
import Shared

struct HunyuanAdapter: ProviderAdapter {
    static let defaultBaseURL = "https://hunyuan.tencentcloudapi.com"

    init() {}

    func check(_ chat: ChatRequest, model: String, settings: [String: String]) throws(JobFailure) {
        try HunyuanCheck.check(chat, model: model)
    }

    func makeRequest(_ chat: ChatRequest, _ target: Target) throws(JobFailure) -> UpstreamRequest {
        let body = try HunyuanRequest(chat: chat, model: target.model).body()
        return try HunyuanCall(action: "ChatCompletions", body: body, isStream: chat.isStream).request(target)
    }

    func makeDecoder(_ context: ResponseContext) -> any ResponseDecoder { Self.decoder(context) }

    func failure(_ response: UpstreamResponse) -> JobFailure { HunyuanFailure.failure(response) }

    func failure(inside body: [UInt8]) -> JobFailure? { HunyuanFailure.inside(ErrorBody.json(body)) }

    /// Embeds one letter, which is signed like a chat and generates nothing.
    func makePing(_ target: Target) throws(JobFailure) -> UpstreamRequest? {
        try HunyuanCall(action: "GetEmbedding", body: ["Input": "a"]).request(target)
    }

    var embeddings: (any EmbeddingsAdapter)? { HunyuanEmbeddings() }
}
