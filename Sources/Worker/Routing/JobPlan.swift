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
    /// `nil` where the request could not be read or nothing fits it.
    private(set) var candidates: Candidates?
    private(set) var strategy = RoutingStrategyName.priority
    private(set) var lineup: RankedRoutes?
    /// See `PromptAffinity`.
    private(set) var conversation: String?
    /// What the cache is asked for; `nil` where neither request nor model wants it.
    var cache: CachePlan?
    /// Why no route can be tried: final, or `noCapacity` while all accounts rest.
    private(set) var refusal: JobFailure?

    init(_ job: Job, enqueuedAt: Int64, request: ModelRequest?, refusal: JobFailure) {
        self.job = job
        self.enqueuedAt = enqueuedAt
        self.request = request
        self.refusal = refusal
        promptTokens = request.map { TokenEstimate.prompt(of: $0) } ?? 0
    }

    init(
        _ job: Job, enqueuedAt: Int64, request: ModelRequest, candidates: Candidates, strategy: RoutingStrategyName,
        lineup: RankedRoutes, conversation: String?
    ) {
        self.job = job
        self.enqueuedAt = enqueuedAt
        self.request = request
        self.candidates = candidates
        self.strategy = strategy
        self.lineup = lineup
        self.conversation = conversation
        promptTokens = candidates.promptTokens
        guard lineup.routes.isEmpty else { return }
        // Waiting helps only against limits that pass by themselves.
        guard !isForOthers else {
            refusal = Self.locked
            return
        }
        refusal =
            lineup.earliest == nil
            ? JobFailure(.quotaExhausted, Self.unusable(lineup.excluded), code: "no_usable_account")
            : Self.noCapacity
    }

    /// Names ten accounts at most, by their ids.
    private static func unusable(_ states: [String: String]) -> String {
        let named = states.sorted { $0.key < $1.key }.prefix(10).map { "\($0.key) is \($0.value)" }
        return named.isEmpty ? "none is left to try" : named.joined(separator: ", ")
    }

    static let noCapacity = JobFailure(.noCapacity, "every account for this model is busy or resting")

    private static let locked = JobFailure(
        .noCapacity, "the keys of all accounts for this model were sealed with another MASTER_KEY",
        code: "key_not_opened")

    /// Whether only other workers may serve the request, since this one cannot open the keys.
    var isForOthers: Bool {
        lineup.map { $0.routes.isEmpty && $0.earliest == nil && $0.hasLocked } ?? false
    }

    /// Whether the request should wait without being started at all.
    var mayWait: Bool { refusal?.kind == .noCapacity }

    /// What it waits for: every account that could serve it, the ones that rest included.
    var room: RoomSpec {
        let options = (candidates?.options ?? []) + (candidates?.fallbacks ?? [])
        return RoomSpec(accounts: Set(options.flatMap { $0.routes.map(\.account.id) }))
    }

    /// Who shares one counter of turns: requests for the same name on the same platforms.
    var turn: String? {
        guard strategy == .roundRobin, let request else { return nil }
        return job.provider.map { "\($0.rawValue)/\(request.model)" } ?? request.model
    }
}
