import Hummingbird
import Shared

/// `POST /v1/completions`: text in, text out, for tools older than chats; a chat to everything behind it.
struct CompletionsRoutes: Sendable {
    let shim: ShimParts

    func add(to table: inout RouteTable) {
        table.on(.post, "/v1/completions") { try await complete($0, $1) }
    }

    private func complete(_ request: Request, _ context: ShimContext) async throws -> Response {
        let options = try RequestOptions(request.headers)
        let received = try await shim.bodies.json(request)
        let chat = try TextRequest(received.json).chat
        try shim.models.check(.chat(chat), provider: nil, field: "model")
        let call = ModelCall(request: .chat(chat), body: chat.body.encoded, from: received, options, style: .text)
        return try await shim.answer(call, chat, context)
    }
}
