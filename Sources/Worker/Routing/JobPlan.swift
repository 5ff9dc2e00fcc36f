import Shared

/// Step 2 of a job: how its request is served, decided before any platform is called.
///
/// Every claim gets a plan. A refused request is started and ended all the same, so that its caller gets an answer and
/// the ledger a row. A reference type, since a run hands it on many times.
final class JobPlan: Sendable {
    enum Step: Sendable {
        /// A kept answer takes the place of a call.
        case cached(CachedAnswer)
        /// The request is not served.
        ///
        /// It is unreadable, late or invalid, or no account can serve it and waiting does not help.
        case refused(JobFailure)
        /// The request is put aside without being started.
        case waiting(Wait)
        /// At least one route may be tried now.
        case route(RankedRoutes)
    }

    enum Wait: Sendable, Equatable {
        /// Until the first account's cool-down ends.
        case coolDown(Duration)
        /// Only other workers can open the keys of the accounts.
        case otherWorkers
    }

    /// Inputs of the routing decision, kept for the routes of a failover.
    struct Choice: Sendable {
        let candidates: Candidates
        let strategy: RoutingStrategyName
        /// See `PromptAffinity`.
        let affinity: String?
    }

    let job: Job
    let enqueuedAt: Int64
    /// The request is computed on Swift's pool.
    let isLong: Bool
    /// `nil` where the request could not be read.
    let request: ModelRequest?
    /// Our own estimate, for attempts whose platform reports none.
    let promptTokens: Int
    /// `nil` where the request could not be read or nothing fits it.
    let choice: Choice?
    /// `nil` where neither the request nor its model wants its answer kept.
    let cache: CachePlan?
    let step: Step

    init(_ job: Job, enqueuedAt: Int64, request: ModelRequest?, refusal: JobFailure) {
        self.job = job
        self.enqueuedAt = enqueuedAt
        self.request = request
        isLong = false
        choice = nil
        cache = nil
        promptTokens = request.map { TokenEstimate.prompt(of: $0) } ?? 0
        step = .refused(refusal)
    }

    init(
        _ job: Job, enqueuedAt: Int64, request: ModelRequest, isLong: Bool = false, choice: Choice,
        ranked: RankedRoutes
    ) {
        self.isLong = isLong
        self.job = job
        self.enqueuedAt = enqueuedAt
        self.request = request
        self.choice = choice
        cache = nil
        promptTokens = choice.candidates.promptTokens
        step = Self.step(ranked)
    }

    /// Waiting helps only against limits that pass by themselves, and where other workers have the keys.
    private static func step(_ ranked: RankedRoutes) -> Step {
        guard ranked.routes.isEmpty else { return .route(ranked) }
        if let earliest = ranked.earliest { return .waiting(.coolDown(earliest)) }
        guard !ranked.hasLocked else { return .waiting(.otherWorkers) }
        return .refused(JobFailure(.quotaExhausted, unusable(ranked.excluded), code: "no_usable_account"))
    }

    /// Names ten accounts at most, by their ids.
    private static func unusable(_ states: [String: String]) -> String {
        let named = states.sorted { $0.key < $1.key }.prefix(10).map { "\($0.key) is \($0.value)" }
        return named.isEmpty ? "none is left to try" : named.joined(separator: ", ")
    }

    /// The plan after a look into the cache: with the place of the answer there, and the kept answer if there is one.
    init(_ plan: JobPlan, _ cache: CachePlan, _ found: CachedAnswer?) {
        job = plan.job
        enqueuedAt = plan.enqueuedAt
        request = plan.request
        isLong = plan.isLong
        promptTokens = plan.promptTokens
        choice = plan.choice
        self.cache = cache
        step = found.map(Step.cached) ?? plan.step
    }
}

extension JobPlan {
    static let noCapacity = JobFailure(.noCapacity, "every account for this model is busy or resting")

    var cachedAnswer: CachedAnswer? {
        guard case .cached(let answer) = step else { return nil }
        return answer
    }

    /// The reason for which no route is tried now: final, or `noCapacity` while waiting helps.
    var refusal: JobFailure? {
        switch step {
        case .refused(let failure): failure
        case .waiting(let wait): wait.failure
        case .cached, .route: nil
        }
    }

    /// The first route, which a taken-over attempt probably uses.
    ///
    /// It is not reserved yet.
    var expectedBooking: Booking {
        guard case .route(let ranked) = step, let route = ranked.routes.first else { return .none }
        return .route(route, nil)
    }

    /// Seconds that the answer is kept: as the request asks, else the shortest of the models it may mean.
    ///
    /// `nil` for a refused request, whose answer no model gives.
    var cacheTTL: Int? {
        if case .refused = step { return nil }
        return job.cacheTTL ?? choice?.candidates.options.compactMap(\.model.cacheTTL).min()
    }

    /// The room in which the request waits, for every account that could serve it, those in a cool-down included.
    var room: RoomSpec {
        let options = (choice?.candidates.options ?? []) + (choice?.candidates.fallbacks ?? [])
        return RoomSpec(
            accounts: Set(options.flatMap { $0.routes.map(\.account.id) }), isBatch: job.lane == .batch)
    }

    /// Name of the counter of turns, shared by requests for the same model name on the same platforms.
    var turn: String? {
        guard choice?.strategy == .roundRobin, let request else { return nil }
        return job.provider.map { "\($0.rawValue)/\(request.model)" } ?? request.model
    }
}

extension JobPlan.Wait {
    fileprivate var failure: JobFailure {
        switch self {
        case .coolDown: JobPlan.noCapacity
        case .otherWorkers:
            JobFailure(
                .noCapacity, "the keys of all accounts for this model were sealed with another MASTER_KEY",
                code: "key_not_opened")
        }
    }
}
