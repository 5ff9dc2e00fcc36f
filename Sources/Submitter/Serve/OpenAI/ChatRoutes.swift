import HTTPTypes
import Hummingbird
import Shared

/// `POST /v1/chat/completions` and `POST /api/v1/chat/completions[/stream]`.
struct ChatRoutes: Sendable {
    let shim: ShimParts

    func add(to table: inout RouteTable) {
        table.on(.post, "/v1/chat/completions") { try await openAI($0, $1) }
        table.on(.post, "/api/v1/chat/completions") { try await native($0, $1, isStream: false) }
        table.on(.post, "/api/v1/chat/completions/stream") { try await native($0, $1, isStream: true) }
    }

    private func openAI(_ request: Request, _ context: ShimContext) async throws -> Response {
        let options = try RequestOptions(request.headers)
        let body = try await shim.bodies.json(request)
        let chat = try ChatRequest(validating: body.json)
        try shim.models.check(.chat(chat), provider: nil, field: "model")
        let call = ModelCall(request: .chat(chat), body: body.bytes, from: body, options, style: .openAI)
        return try await shim.answer(call, chat, context)
    }

    private func native(_ request: Request, _ context: ShimContext, isStream: Bool) async throws -> Response {
        let options = try RequestOptions(request.headers)
        let received = try await shim.bodies.json(request)
        var body = try NativeRequest(received.json)
        if isStream { body.forceStream() }
        let (call, chat) = try shim.call(body, received, options: options)
        return try await shim.answer(call, chat, context)
    }
}

/// What the routes work with.
struct ShimParts: Sendable {
    let intake: JobSubmission
    let hub: ReplyHub
    let models: ModelCheck
    let bodies: BodyReader
    let connections: Connections

    /// Queues a chat, and answers with what comes of it, whole or as a stream.
    func answer(_ call: ModelCall, _ chat: ChatRequest, _ context: ShimContext) async throws -> Response {
        var call = call
        call.requestID = context.requestID
        let accepted = try await intake.accept(call, from: connections.of(context.channel))
        guard chat.isStream else {
            return try await WholeAnswer(accepted: accepted, style: call.style).response()
        }
        let stream = EventStream(
            id: accepted.lease.id, created: accepted.lease.created, includesUsage: chat.includeUsage,
            style: call.style)
        return try await StreamedAnswer(lease: accepted.lease, stream: stream, requestID: context.requestID).response()
    }

    /// A native request as a call, checked against the catalogue.
    func call(
        _ body: NativeRequest, _ received: BodyReader.Body, options: RequestOptions
    ) throws(APIError) -> (ModelCall, ChatRequest) {
        let chat = try body.validated()
        try models.check(.chat(chat), provider: body.provider, field: body.modelField)
        var call = ModelCall(
            request: .chat(chat), body: body.chat.encoded, from: received, options, style: .native)
        call.lane = body.lane ?? call.lane
        call.deadline = body.deadline ?? call.deadline
        call.provider = body.provider
        call.routingStrategy = body.routingStrategy
        call.onWorkerLoss = body.onWorkerLoss
        call.isBackground = body.isBackground
        call.cacheTTL = body.cacheTTL ?? call.cacheTTL
        return (call, chat)
    }
}
