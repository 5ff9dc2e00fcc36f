/// Hunyuan's embeddings (`GetEmbedding`): 1024 numbers for each of at most 50 texts. The only model is not named.
///
/// Fails with `unsupportedParameter` for token numbers, other sizes and unknown fields. The platform silently cuts a
/// text of more than 1024 tokens at its end.
import Shared

struct HunyuanEmbeddings: EmbeddingsAdapter {
    private static let size = 1024
    private static let known: Set<String> = ["model", "input", "encoding_format", "dimensions", "user"]

    func maxInputs(model: String) -> Int { 50 }

    func makeRequest(_ request: EmbeddingsRequest, _ target: Target) throws(JobFailure) -> UpstreamRequest {
        let fields = HunyuanCheck.fields
        let texts = try fields.texts(of: request, known: Self.known, most: maxInputs(model: target.model))
        if let dimensions = request.dimensions, dimensions != Self.size {
            throw fields.refusal("dimensions", "vectors have \(Self.size)")
        }
        let body: JSONObject = ["InputList": .array(texts.map(JSON.string))]
        return try HunyuanCall(action: "GetEmbedding", body: body).request(target)
    }

    func read(
        _ body: [UInt8], _ request: EmbeddingsRequest, _ context: ResponseContext
    ) throws(JobFailure) -> ChatCompletionEnd {
        let value = try context.json(body)
        if let failure = HunyuanFailure.inside(value) { throw failure }
        let response = value["Response"] ?? value
        let vectors = (response["Data"]?.arrayValue ?? []).enumerated()
            .map { (index: $1["Index"]?.intValue ?? $0, vector: $1["Embedding"] ?? .null) }
        // The SDK calls the index "always 0", so it only counts where it tells vectors apart.
        let isOrdered = Set(vectors.map(\.index)) == Set(0..<vectors.count)
        let sorted = isOrdered ? vectors.sorted { $0.index < $1.index } : vectors
        guard sorted.count == request.inputCount else {
            throw JobFailure.unreadable("has not one vector for each text")
        }
        var result = EmbeddingsBody(model: context.model)
        for vector in sorted { result.add(vector.vector) }
        var end = try result.end(usage: TokenUsage(counting: response["Usage"]), wantsBase64: request.wantsBase64)
        end.requestID = response["RequestId"]?.stringValue ?? context.headers("X-TC-RequestId")
        return end
    }
}
