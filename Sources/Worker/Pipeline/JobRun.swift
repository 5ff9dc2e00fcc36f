import Shared

/// A job while it runs in this worker: the attempt under way, the routes left, the trail so far.
///
/// Values go forward only.
struct JobRun: Sendable {
    let plan: JobPlan
    let interrupt: Interrupt
    private(set) var attempt: Attempt
    /// The route of the attempt under way; `nil` where the request has none.
    private(set) var route: Route?
    private var untried: ArraySlice<Route>
    private(set) var trail: [AnswerMeta.Attempt] = []
    private(set) var spent = 0.0
    /// Milliseconds since 1970: the `started_at` of every copy of this attempt's ledger row.
    private(set) var startedAt: Int64

    init(_ plan: JobPlan, attempt: Attempt, interrupt: Interrupt, startedAt: Int64) {
        self.plan = plan
        self.attempt = attempt
        self.interrupt = interrupt
        self.startedAt = startedAt
        route = plan.routes.first
        untried = plan.routes.dropFirst()
    }

    /// Whether another route could be tried now; forgets the ones that rest meanwhile.
    mutating func hasOtherRoute(isResting: (Account) -> Bool) -> Bool {
        untried = untried.drop { isResting($0.account) }
        return !untried.isEmpty
    }

    /// The run after a failover: next attempt, next route.
    func advanced(startedAt: Int64) -> JobRun {
        var run = self
        run.attempt = attempt.next
        run.route = untried.first
        run.untried = untried.dropFirst()
        run.startedAt = startedAt
        return run
    }

    mutating func note(_ record: AttemptRecord) {
        spent += record.cost
        trail.append(
            AnswerMeta.Attempt(
                attempt: attempt.number, model: record.model, provider: record.provider, account: record.account,
                error: record.errorKind, milliseconds: record.latency))
    }
}
