import Shared

/// A checked request on its way to the queue, whichever API it came by.
struct ModelCall: Sendable {
    enum Style: Sendable {
        case openAI
        /// OpenAI's object plus `provider`, `account`, `cost`, `attempts`.
        case native
        /// OpenAI's older object of texts.
        case text

        var idPrefix: String { self == .text ? "cmpl-" : "chatcmpl-" }
        var chunk: String { self == .text ? "text_completion" : "chat.completion.chunk" }
        static let idPrefixes = [Style.openAI, .text].map(\.idPrefix)
    }

    var request: ModelRequest
    /// The neutral request as it is queued.
    var body: [UInt8]
    /// What the caller sent, for telling a repeat from another request under the same key.
    var received: [UInt8]
    /// The share of the budget that both take.
    var hold: BodyHold?
    var style: Style
    var tenant: String
    /// See `Job.requestID`.
    var requestID: String?
    var idempotencyKey: String?
    var lane: Lane
    var deadline: Duration?
    var provider: Provider?
    var routingStrategy: String?
    var onWorkerLoss = Job.WorkerLossPolicy.fail
    /// See `Job.cacheTTL`.
    var cacheTTL: Int?
    /// Runs on when its caller leaves.
    var isBackground = false

    init(
        request: ModelRequest, body: [UInt8], from received: BodyReader.Body, _ options: RequestOptions, style: Style
    ) {
        self.request = request
        self.body = body
        self.received = received.bytes
        hold = received.hold
        self.style = style
        tenant = options.tenant
        idempotencyKey = options.idempotencyKey
        lane = options.lane ?? .normal
        deadline = options.deadline
        cacheTTL = options.cacheTTL
    }

    /// What happens when the caller goes away.
    ///
    /// A request with a key runs on: its caller, or another one that is attached
    /// to it (perhaps at another shim), may still want the answer, which is kept.
    var leaving: ReplyLease.Leaving {
        if isBackground || idempotencyKey != nil { return .goOn }
        return request.isStream ? .cancelAfterGrace(canResume: style == .native) : .cancel
    }
}
