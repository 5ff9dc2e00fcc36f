import HTTPTypes
import Hummingbird
import Shared

/// `POST /v1/embeddings`: vectors, through the same queue as everything else.
struct EmbeddingsRoutes: Sendable {
    let shim: ShimParts

    func add(to table: inout RouteTable) {
        table.on(.post, "/v1/embeddings") { try await embeddings($0, $1) }
    }

    private func embeddings(_ request: Request, _ context: ShimContext) async throws -> Response {
        let options = try RequestOptions(request.headers)
        let body = try await shim.bodies.json(request)
        let asked = ModelRequest.embeddings(try EmbeddingsRequest(validating: body.json))
        try shim.models.check(asked, provider: nil, field: "model")
        var call = ModelCall(request: asked, body: body.bytes, from: body, options, style: .openAI)
        call.requestID = context.requestID
        let accepted = try await shim.intake.accept(call, from: shim.connections.of(context.channel))
        return try await WholeAnswer(accepted: accepted, style: call.style).response()
    }
}
