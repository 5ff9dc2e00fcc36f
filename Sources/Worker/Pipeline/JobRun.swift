import Shared

/// A claim with its plan, before it has capacity.
struct PlannedClaim: Sendable {
    let claim: Claim
    let plan: JobPlan
    /// The room that let it in, or `nil` for a fresh claim.
    let room: String?
    let cancellation: JobCancellation
}

/// A job while it runs in this worker: the attempt under way, its booking, the trail so far.
///
/// Values go forward only.
struct JobRun: Sendable {
    let plan: JobPlan
    let cancellation: JobCancellation
    private(set) var attempt: Attempt
    /// Of the attempt under way.
    private(set) var booking: Booking
    /// Routes that this claim has tried, the one under way included.
    private(set) var tried: [Route]
    /// The attempts before the one under way, those of earlier claims included.
    private(set) var trail: [AnswerMeta.Attempt]
    /// Milliseconds since 1970: the `started_at` of every copy of this attempt's ledger row.
    private(set) var startedAt: Int64

    init(_ plan: JobPlan, attempt: Attempt, booking: Booking, cancellation: JobCancellation, startedAt: Int64) {
        self.plan = plan
        self.attempt = attempt
        self.booking = booking
        self.cancellation = cancellation
        self.startedAt = startedAt
        tried = booking.route.map { [$0] } ?? []
        trail = AnswerMeta.Attempt.decode(plan.job.trail)
    }

    var route: Route? { booking.route }
    /// The accounts whose answers nobody could read, one for each answer.
    var unreadable: [String] { trail.unreadable }
    var spent: Double { trail.reduce(0) { $0 + $1.cost } }

    /// The run after a failover: next attempt, next route.
    func advanced(_ booking: Booking, startedAt: Int64) -> JobRun {
        var run = self
        run.attempt = attempt.next
        run.booking = booking
        if let route = booking.route { run.tried.append(route) }
        run.startedAt = startedAt
        return run
    }

    mutating func note(_ record: AttemptRecord) {
        trail.append(
            AnswerMeta.Attempt(
                attempt: attempt.number, model: record.model, provider: record.provider, account: record.account,
                error: record.errorKind, milliseconds: record.latency, cost: record.cost))
    }
}

extension [AnswerMeta.Attempt] {
    var unreadable: [String] { filter { $0.error == .unreadableAnswer }.map(\.account) }
}
