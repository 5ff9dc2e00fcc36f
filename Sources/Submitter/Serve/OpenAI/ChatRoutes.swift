import Hummingbird
import Shared

/// Answers `POST /v1/chat/completions`.
struct ChatRoutes: Sendable {
    let shim: ShimParts

    func complete(_ request: Request, _ context: ShimContext) async throws -> Response {
        let received = try await shim.receive(request, context)
        let chat = ModelRequest.chat(try ChatRequest(validating: received.body.json))
        try shim.models.check(chat, provider: nil, field: "model")
        let call = ModelCall(chat, neutral: received.body.bytes, of: received, as: ChatFormat())
        return try await shim.answer(call, context)
    }
}
