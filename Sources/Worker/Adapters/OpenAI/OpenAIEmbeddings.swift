/// `POST /embeddings` in OpenAI's shape, with a platform's differences as a value.
///
/// Platforms that cannot pack vectors are asked for numbers, and the response is packed here where the caller wants
/// that.
import Shared

struct OpenAIEmbeddings: EmbeddingsAdapter {
    let adapter: OpenAIAdapter
    let dialect: OpenAIDialect.Embeddings

    func maxInputs(model: String) -> Int { dialect.maxInputs(model) }

    func makeRequest(_ request: EmbeddingsRequest, _ target: Target) throws(JobFailure) -> UpstreamRequest {
        var body = request.body
        body.set("model", .string(target.model))
        if !dialect.passesOptions {
            guard request.texts != nil else { throw refusal("input", "token numbers, it takes texts only") }
            if request.dimensions != nil, !dialect.takesDimensions { throw refusal("dimensions", nil) }
            for member in body.members where !["model", "input", "dimensions"].contains(member.key) {
                body.remove(member.key)
            }
            if body["dimensions"] == .null { body.remove("dimensions") }
        }
        return UpstreamRequest(
            url: adapter.url(target.account, "/embeddings"),
            headers: try adapter.headers(target.account, isStream: false),
            body: body.encoded, isStream: false)
    }

    func read(
        _ body: [UInt8], _ request: EmbeddingsRequest, _ context: ResponseContext
    ) throws(JobFailure) -> ChatCompletionEnd {
        if let failure = adapter.failure(inside: body) { throw failure }
        let value = try context.json(body)
        guard let data = value["data"]?.arrayValue else { throw .unreadable("has no vectors") }
        guard data.count == request.inputCount else { throw .unreadable("has not one vector for each text") }
        let ordered = data.enumerated().sorted { ($0.1["index"]?.intValue ?? $0.0) < ($1.1["index"]?.intValue ?? $1.0) }
        var vectors = EmbeddingsBody(model: value["model"]?.stringValue ?? context.model)
        for (_, item) in ordered { vectors.add(item["embedding"] ?? .null) }
        var end = try vectors.end(
            usage: value.objectValue.flatMap(TokenUsage.init(answer:)), wantsBase64: request.wantsBase64)
        end.requestID = value["id"]?.stringValue ?? context.headers("x-request-id")
        return end
    }

    private func refusal(_ field: String, _ why: String?) -> JobFailure {
        FieldCheck(platform: adapter.dialect.platform, known: []).refusal(field, why)
    }
}
