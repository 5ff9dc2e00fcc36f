import Shared

/// A claim with its plan, before it has capacity.
final class PlannedClaim: Sendable {
    let claim: Claim
    let plan: JobPlan
    /// The room that let it in, or `nil` for a fresh claim.
    let room: String?
    let cancellation: JobCancellation

    init(claim: Claim, plan: JobPlan, room: String?, cancellation: JobCancellation) {
        self.claim = claim
        self.plan = plan
        self.room = room
        self.cancellation = cancellation
    }
}

/// A job while it runs in this worker: the attempt under way, its booking, the trail so far.
///
/// It never changes: each step forward is another run.
final class JobRun: Sendable {
    let plan: JobPlan
    let cancellation: JobCancellation
    let attempt: Attempt
    /// Of the attempt under way.
    let booking: Booking
    /// Routes that this claim has tried, the one under way included.
    let tried: [Route]
    /// The attempts before the one under way, those of earlier claims included.
    let trail: [AnswerMeta.Attempt]
    /// Milliseconds since 1970: the `started_at` of every copy of this attempt's ledger row.
    let startedAt: Int64
    /// The spans of this claim, `nil` where tracing is off.
    let trace: JobTrace?

    /// The first run of a claim.
    convenience init(
        _ plan: JobPlan, attempt: Attempt, booking: Booking, cancellation: JobCancellation, startedAt: Int64
    ) {
        self.init(
            plan, attempt, booking, cancellation, tried: booking.route.map { [$0] } ?? [],
            trail: AnswerMeta.Attempt.decode(plan.job.trail), startedAt: startedAt, trace: nil)
    }

    private init(
        _ plan: JobPlan, _ attempt: Attempt, _ booking: Booking, _ cancellation: JobCancellation, tried: [Route],
        trail: [AnswerMeta.Attempt], startedAt: Int64, trace: JobTrace?
    ) {
        self.plan = plan
        self.attempt = attempt
        self.booking = booking
        self.cancellation = cancellation
        self.tried = tried
        self.trail = trail
        self.startedAt = startedAt
        self.trace = trace
    }

    var route: Route? { booking.route }
    /// The accounts whose answers nobody could read, one for each answer.
    var unreadable: [String] { trail.unreadable }
    var spent: Double { trail.reduce(0) { $0 + $1.cost } }

    /// The run after a failover: next attempt, next route.
    func advanced(_ booking: Booking, startedAt: Int64) -> JobRun {
        JobRun(
            plan, attempt.next, booking, cancellation, tried: tried + (booking.route.map { [$0] } ?? []), trail: trail,
            startedAt: startedAt, trace: trace)
    }

    /// The same run with the spans of its claim.
    func traced(by trace: JobTrace) -> JobRun {
        JobRun(plan, attempt, booking, cancellation, tried: tried, trail: trail, startedAt: startedAt, trace: trace)
    }

    /// The same run with its attempt in the trail.
    func noting(_ record: AttemptRecord) -> JobRun {
        let attempt = AnswerMeta.Attempt(
            attempt: attempt.number, model: record.model, provider: record.provider, account: record.account,
            error: record.errorKind, milliseconds: record.latency, cost: record.cost)
        return JobRun(
            plan, self.attempt, booking, cancellation, tried: tried, trail: trail + [attempt], startedAt: startedAt,
            trace: trace)
    }
}

extension [AnswerMeta.Attempt] {
    var unreadable: [String] { filter { $0.error == .unreadableAnswer }.map(\.account) }
}
