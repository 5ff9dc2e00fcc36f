import Shared

/// A checked request on its way to the queue, whichever door it came by.
struct ModelCall: Sendable {
    let request: ModelRequest
    /// The neutral request as it is queued.
    let body: [UInt8]
    /// The body as the caller sent it, which tells a repeat from another request under the same key.
    let received: [UInt8]
    /// The share of the budget that both take.
    let hold: BodyHold
    let format: any ResponseFormat
    let tenant: String
    /// See `Job.requestID`.
    let requestID: String
    /// See `ShimContext.trace`.
    let trace: TraceContext?
    let idempotencyKey: String?
    /// The API of `received`, where a platform may speak it, else that of `body`.
    var dialect = Job.Dialect.openAIChat
    /// The caller can come back to its broken stream.
    var canResume = false
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
        _ request: ModelRequest, neutral body: [UInt8], of received: ReceivedRequest, as format: any ResponseFormat
    ) {
        self.request = request
        self.body = body
        self.received = received.body.bytes
        self.format = format
        hold = received.body.hold
        requestID = received.requestID
        trace = received.trace
        tenant = received.options.tenant
        idempotencyKey = received.options.idempotencyKey
        lane = received.options.lane ?? .normal
        deadline = received.options.deadline
        cacheTTL = received.options.cacheTTL
    }

    /// The caller's own body for the job, where it adds something and is small enough to travel inside the entry.
    var original: Job.Original? {
        guard dialect != .openAIChat, body.count + received.count <= Job.inlineBodyBytes else { return nil }
        return Job.Original(dialect, received)
    }

    /// The policy for a caller that goes away.
    ///
    /// A request with a key runs on. Its caller, or another one that is attached to it (perhaps at another shim), may
    /// still want the answer, which is kept.
    var leaving: ReplyLease.Leaving {
        if isBackground || idempotencyKey != nil { return .goOn }
        return request.isStream ? .cancelAfterGrace(canResume: canResume) : .cancel
    }
}
