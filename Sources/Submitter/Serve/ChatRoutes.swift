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
        var call = ModelCall(
            request: .chat(chat), body: body.bytes, received: body.bytes, hold: body.hold, style: .openAI,
            tenant: options.tenant, idempotencyKey: options.idempotencyKey)
        call.lane = options.lane ?? .normal
        call.deadline = options.deadline
        call.cacheTTL = options.cacheTTL
        return try await answer(call, chat, context)
    }

    private func native(_ request: Request, _ context: ShimContext, isStream: Bool) async throws -> Response {
        let options = try RequestOptions(request.headers)
        let received = try await shim.bodies.json(request)
        var body = try NativeRequest(received.json)
        if isStream { body.forceStream() }
        let (call, chat) = try shim.call(body, received, options: options)
        return try await answer(call, chat, context)
    }

    private func answer(_ call: ModelCall, _ chat: ChatRequest, _ context: ShimContext) async throws -> Response {
        var call = call
        call.requestID = context.requestID
        let accepted = try await shim.intake.accept(call, from: shim.connections.of(context.channel))
        guard chat.isStream else {
            return try await WholeAnswer(accepted: accepted, style: call.style).response()
        }
        let stream = EventStream(
            id: accepted.lease.id, created: accepted.lease.created, includesUsage: chat.includeUsage,
            addsRoute: call.style == .native)
        return try await StreamedAnswer(lease: accepted.lease, stream: stream, requestID: context.requestID).response()
    }
}

/// What the routes work with.
struct ShimParts: Sendable {
    let intake: Intake
    let hub: ReplyHub
    let models: ModelCheck
    let bodies: BodyReader
    let connections: Connections

    /// A native request as a call, checked against the catalogue.
    func call(
        _ body: NativeRequest, _ received: BodyReader.Body, options: RequestOptions
    ) throws(APIError) -> (ModelCall, ChatRequest) {
        let chat = try body.validated()
        try models.check(.chat(chat), provider: body.provider, field: body.modelField)
        var call = ModelCall(
            request: .chat(chat), body: body.chat.encoded, received: received.bytes, hold: received.hold,
            style: .native, tenant: options.tenant, idempotencyKey: options.idempotencyKey)
        call.lane = body.lane ?? options.lane ?? .normal
        call.deadline = body.deadline ?? options.deadline
        call.provider = body.provider
        call.routingStrategy = body.routingStrategy
        call.onWorkerLoss = body.onWorkerLoss
        call.isBackground = body.isBackground
        call.cacheTTL = body.cacheTTL ?? options.cacheTTL
        return (call, chat)
    }
}
