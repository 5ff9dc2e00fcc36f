import Hummingbird
import Shared

/// Answers `POST /api/v1/chat/completions` and its `/stream`.
struct NativeRoutes: Sendable {
    let shim: ShimParts

    func complete(_ request: Request, _ context: ShimContext) async throws -> Response {
        try await answer(request, context, isStream: false)
    }

    /// Streams, whatever the body says.
    func stream(_ request: Request, _ context: ShimContext) async throws -> Response {
        try await answer(request, context, isStream: true)
    }

    private func answer(_ request: Request, _ context: ShimContext, isStream: Bool) async throws -> Response {
        let received = try await shim.receive(request, context)
        var native = try NativeRequest(received.body.json)
        if isStream { native.forceStream() }
        return try await shim.answer(shim.call(native, of: received), context)
    }
}

extension ShimParts {
    /// A native request as a call, checked against the catalogue.
    func call(_ native: NativeRequest, of received: ReceivedRequest) throws(APIError) -> ModelCall {
        let chat = ModelRequest.chat(try native.validated())
        try models.check(chat, provider: native.provider, field: native.modelField)
        var call = ModelCall(chat, neutral: native.chat.encoded, of: received, as: NativeFormat())
        call.canResume = true
        call.lane = native.lane ?? call.lane
        call.deadline = native.deadline ?? call.deadline
        call.provider = native.provider
        call.routingStrategy = native.routingStrategy
        call.onWorkerLoss = native.onWorkerLoss
        call.isBackground = native.isBackground
        call.cacheTTL = native.cacheTTL ?? call.cacheTTL
        return call
    }
}
