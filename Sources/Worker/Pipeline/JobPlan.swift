import Shared

/// Step 2 of a job: what is known about it before any platform is called.
///
/// A plan always exists, also for a request that cannot be served: such a request is started and ended with `refusal`, so
/// that the caller of any kind gets an answer and the ledger a row.
struct JobPlan: Sendable {
    let job: Job
    let enqueuedAt: Int64
    let request: ChatRequest?
    /// Our own estimate, for attempts whose platform reports none.
    let promptTokens: Int
    /// Best first; empty where `refusal` is set.
    var routes: [Route] = []
    /// Why no route can be tried: final, or `noCapacity` while all accounts rest.
    var refusal: JobFailure?
    var earliestCapacity: Duration?

    init(_ job: Job, enqueuedAt: Int64, request: ChatRequest?, refusal: JobFailure? = nil) {
        self.job = job
        self.enqueuedAt = enqueuedAt
        self.request = request
        self.refusal = refusal
        promptTokens = request.map { TokenEstimate.prompt(of: $0) } ?? 0
    }

    init(_ job: Job, enqueuedAt: Int64, request: ChatRequest, candidates: Candidates) {
        self.init(job, enqueuedAt: enqueuedAt, request: request)
        routes = candidates.ready
        earliestCapacity = candidates.earliestCapacity
        if routes.isEmpty { refusal = JobFailure(.noCapacity, "every account for this model is resting") }
    }

    /// Whether the request should wait without being started at all.
    var mayWait: Bool { refusal?.kind == .noCapacity }
}
