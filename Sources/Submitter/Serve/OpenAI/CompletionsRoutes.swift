import Hummingbird
import Shared

/// Answers `POST /v1/completions`, text in and text out, for tools older than chats.
///
/// Everything behind it sees a chat.
struct CompletionsRoutes: Sendable {
    let shim: ShimParts

    func complete(_ request: Request, _ context: ShimContext) async throws -> Response {
        let received = try await shim.receive(request, context)
        let chat = try TextRequest(received.body.json).chat
        try shim.models.check(.chat(chat), provider: nil, field: "model")
        var call = ModelCall(.chat(chat), neutral: chat.body.encoded, of: received, as: TextFormat())
        call.dialect = .openAIText
        return try await shim.answer(call, context)
    }
}
