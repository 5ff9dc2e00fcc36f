import Hummingbird
import Shared

/// Answers `POST /v1/embeddings` with vectors, through the same queue as everything else.
struct EmbeddingsRoutes: Sendable {
    let shim: ShimParts

    func embed(_ request: Request, _ context: ShimContext) async throws -> Response {
        let received = try await shim.receive(request, context)
        let asked = ModelRequest.embeddings(try EmbeddingsRequest(validating: received.body.json))
        try shim.models.check(asked, provider: nil, field: "model")
        let call = ModelCall(asked, neutral: received.body.bytes, of: received, as: ChatFormat())
        return try await shim.answer(call, context)
    }
}
