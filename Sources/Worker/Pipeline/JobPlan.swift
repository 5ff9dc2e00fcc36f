import Shared

/// Step 2 of a job: what is known about it before any platform is called.
///
/// A plan always exists, also for a request that cannot be served: such a request is started and ended with `refusal`, so
/// that the caller of any kind gets an answer and the ledger a row.
struct JobPlan: Sendable {
    let job: Job
    let enqueuedAt: Int64
    let request: ModelRequest?
    /// Our own estimate, for attempts whose platform reports none.
    let promptTokens: Int
    /// Best first; empty where `refusal` is set.
    var routes: [Route] = []
    /// Why no route can be tried: final, or `noCapacity` while all accounts rest.
    var refusal: JobFailure?
    /// Until the first account has capacity again; `nil` where none rests for that.
    var earliestCapacity: Duration?
    /// Every account that could serve the request, those that rest included.
    var accounts: [Account] = []

    init(
        _ job: Job, enqueuedAt: Int64, request: ModelRequest?, refusal: JobFailure? = nil, promptTokens: Int? = nil
    ) {
        self.job = job
        self.enqueuedAt = enqueuedAt
        self.request = request
        self.refusal = refusal
        self.promptTokens = promptTokens ?? request.map { TokenEstimate.prompt(of: $0) } ?? 0
    }

    init(
        _ job: Job, enqueuedAt: Int64, request: ModelRequest, candidates: Candidates, earliestCapacity: Duration?
    ) {
        self.init(job, enqueuedAt: enqueuedAt, request: request, promptTokens: candidates.promptTokens)
        routes = candidates.ready
        accounts = candidates.accounts
        self.earliestCapacity = earliestCapacity
        guard routes.isEmpty else { return }
        // Waiting helps only against limits that pass by themselves.
        refusal =
            earliestCapacity == nil
            ? JobFailure(.quotaExhausted, "no account for this model is usable", code: "no_usable_account")
            : JobFailure(.noCapacity, "every account for this model is resting")
    }

    /// Whether the request should wait without being started at all.
    var mayWait: Bool { refusal?.kind == .noCapacity }
}
