/// DashScope's native embeddings: `{model, input: {texts}, parameters}` in, `output.embeddings` out.
///
/// Fails with `unsupportedParameter` for token numbers, for more texts than one call takes, and for unknown fields.
/// `text_type` and `instruct` are the platform's own and go out as they are.
import Shared

struct DashScopeEmbeddings: EmbeddingsAdapter {
    private static let path = "/services/embeddings/text-embedding/text-embedding"
    private static let extras = ["text_type", "instruct"]
    private static let known = Set(extras).union(["model", "input", "encoding_format", "dimensions", "user"])

    func maxInputs(model: String) -> Int {
        let model = model.lowercased()
        return model.hasPrefix("text-embedding-v1") || model.hasPrefix("text-embedding-v2") ? 25 : 10
    }

    func makeRequest(_ request: EmbeddingsRequest, _ target: Target) throws(JobFailure) -> UpstreamRequest {
        let texts = try DashScopeCheck.fields.texts(
            of: request, known: Self.known, most: maxInputs(model: target.model))
        var parameters = JSONObject()
        if let dimensions = request.dimensions { parameters.set("dimension", .int(dimensions)) }
        for name in Self.extras {
            if let value = request.body[name], value != .null { parameters.set(name, value) }
        }
        let body: JSONObject = [
            "model": .string(target.model), "input": ["texts": .array(texts.map(JSON.string))],
            "parameters": .object(parameters),
        ]
        return UpstreamRequest(
            url: DashScopeAdapter.base(target.account) + Self.path,
            headers: try DashScopeAdapter.headers(target.account, isStream: false), body: body.encoded, isStream: false)
    }

    func read(
        _ body: [UInt8], _ request: EmbeddingsRequest, _ context: ResponseContext
    ) throws(JobFailure) -> ChatCompletionEnd {
        let value = try context.json(body)
        if let failure = DashScopeFailure.inside(value) { throw failure }
        let vectors = (value["output"]?["embeddings"]?.arrayValue ?? []).enumerated()
            .map { (index: $1["text_index"]?.intValue ?? $0, vector: $1["embedding"] ?? .null) }
            .sorted { $0.index < $1.index }
        guard vectors.map(\.index) == Array(0..<request.inputCount) else {
            throw JobFailure.unreadable("has not one vector for each text")
        }
        var result = EmbeddingsBody(model: context.model)
        for vector in vectors { result.add(vector.vector) }
        var end = try result.end(usage: TokenUsage(counting: value["usage"]), wantsBase64: request.wantsBase64)
        end.requestID = value["request_id"]?.stringValue ?? context.headers("x-request-id")
        return end
    }
}
