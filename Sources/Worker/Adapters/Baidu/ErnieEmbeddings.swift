/// Baidu's v1 embeddings: `POST …/embeddings/{endpoint}` with at most 16 texts.
///
/// Fails with `unsupportedParameter` for token numbers, other sizes and unknown fields.
import Shared

struct ErnieEmbeddings: EmbeddingsAdapter {
    private static let known: Set<String> = ["model", "input", "encoding_format", "user"]

    /// Baidu's SDK writes these with underscores.
    ///
    /// `embedding-v1` and others are their own names.
    private static let endpoints = [
        "bge-large-zh": "bge_large_zh", "bge-large-en": "bge_large_en", "tao-8k": "tao_8k",
    ]

    func maxInputs(model: String) -> Int { 16 }

    func makeRequest(_ request: EmbeddingsRequest, _ target: Target) throws(JobFailure) -> UpstreamRequest {
        let texts = try ErnieRequest.fields.texts(of: request, known: Self.known, most: maxInputs(model: target.model))
        var body: JSONObject = ["input": .array(texts.map(JSON.string))]
        if let user = request.user, !user.isEmpty { body.set("user_id", .string(user)) }
        let name = target.model.lowercased()
        let endpoint = PercentEncoding.encode(Self.endpoints[name] ?? name)
        return try ErnieCall(path: "embeddings/\(endpoint)", body: body).request(target)
    }

    func read(
        _ body: [UInt8], _ request: EmbeddingsRequest, _ context: ResponseContext
    ) throws(JobFailure) -> ChatCompletionEnd {
        let value = try context.json(body)
        if let failure = ErnieFailure.inside(value) { throw failure }
        let vectors = (value["data"]?.arrayValue ?? []).enumerated()
            .map { (index: $1["index"]?.intValue ?? $0, vector: $1["embedding"] ?? .null) }
            .sorted { $0.index < $1.index }
        guard vectors.map(\.index) == Array(0..<request.inputCount) else {
            throw JobFailure.unreadable("has not one vector for each text")
        }
        var result = EmbeddingsBody(model: context.model)
        for vector in vectors { result.add(vector.vector) }
        var end = try result.end(usage: TokenUsage(counting: value["usage"]), wantsBase64: request.wantsBase64)
        end.requestID = value["id"]?.stringValue
        return end
    }
}
