import Logging
import Shared

/// Runs a job, one line a step.
///
///     1 claim    ClaimReader      queue entry → claim; unreadable and late ones end here   (ClaimService, Reaper)
///     2 route    JobRouter        request → plan: routes, best first
///                AnswerCache      a kept answer of an equal request takes the place of steps 4 and 5
///                AccountPool      the route with capacity, held until it is settled; else the request waits in a room
///     3 start    JobQueue.start   the log says that this attempt runs, before anybody is paid
///     4 adapt    PlatformCaller   route + request → the platform's wire, and its answer back
///     5 stream   TokenPublisher   deltas → log and caller, each once
///     6 persist  JobQueue.finish  end, ledger row, queue entry and message in one step
///
/// After a failed attempt `FailurePolicy` decides between the caller, the next route and waiting. Every stop goes
/// through `finish`, `abort`, `next` or `retryLater`, each of which bills the attempt. Throws only where Redis stayed
/// away longer than `QueueLimits.patience`: then the entry is still in the pending list, and another worker reaps it.
final class JobPipeline: Sendable {
    let queue: JobQueue
    let router: JobRouter
    let pool: AccountPool
    let platforms: PlatformCaller
    let policy: FailurePolicy
    let healthRegistry: HealthRegistry
    let rooms: WaitingRooms
    let answerCache: AnswerCache
    let running: RunningJobs
    let settings: PipelineSettings
    let metrics: WorkerMetrics
    /// `nil` where tracing is off.
    let tracer: Tracer?
    let clock: any WallClock
    let log: PipelineLog
    let gate: ClaimGate

    init(
        queue: JobQueue, router: JobRouter, pool: AccountPool, platforms: PlatformCaller, policy: FailurePolicy,
        healthRegistry: HealthRegistry, rooms: WaitingRooms, answerCache: AnswerCache, running: RunningJobs,
        settings: PipelineSettings, metrics: WorkerMetrics, clock: any WallClock, log: PipelineLog,
        gate: ClaimGate = ClaimGate(), tracer: Tracer? = nil
    ) {
        self.queue = queue
        self.router = router
        self.pool = pool
        self.platforms = platforms
        self.policy = policy
        self.healthRegistry = healthRegistry
        self.rooms = rooms
        self.answerCache = answerCache
        self.running = running
        self.settings = settings
        self.metrics = metrics
        self.clock = clock
        self.log = log
        self.gate = gate
        self.tracer = tracer
    }

    /// Runs a fresh claim.
    ///
    /// `room` is where it waited before.
    func run(_ claim: Claim, enqueuedAt: Int64, admittedFrom room: String? = nil) async throws(RedisError) {
        // The delivery that runs holds the entry, and its lease is renewed.
        guard !running.isRunning(claim.attempt) else { return }
        let cancellation = JobCancellation()
        running.add(claim.attempt, cancellation)
        defer { running.remove(cancellation) }
        let plan = try await router.plan(claim.job, enqueuedAt: enqueuedAt)
        try await onPool(if: plan.isLong) { () async throws(RedisError) in
            let plan = await answerCache.consulted(plan)
            try await run(PlannedClaim(claim: claim, plan: plan, room: room, cancellation: cancellation))
        }
    }

    private func run(_ job: PlannedClaim) async throws(RedisError) {
        guard let booking = try await book(job) else { return }
        if let room = job.room { rooms.found(in: room) }
        let claim = job.claim
        let run = JobRun(
            job.plan, attempt: claim.attempt, booking: booking, cancellation: job.cancellation, startedAt: clock.now)
        switch try await start(run) {
        case .started:
            metrics.jobStarted(in: claim.job.lane, waited: run.startedAt - job.plan.enqueuedAt)
            try await execute(run)
        case .endedMine: try await abort(run, run.uncalledRecord(.cancelled, at: clock.now))
        case .lostMine: try await abort(run, run.uncalledRecord(.lost, at: clock.now))
        case .dropped, .lost: break
        case nil: _ = try await queue.release(claim.attempt, attemptsBefore: claim.job.attemptsBefore)
        }
    }

    /// Takes over the claim of a worker that died.
    ///
    /// Its attempt is started before it has capacity, since the worker that took it over must not let go of it again.
    func takeOver(_ claim: Claim, enqueuedAt: Int64) async throws(RedisError) {
        let cancellation = JobCancellation()
        running.add(claim.attempt, cancellation)
        defer { running.remove(cancellation) }
        let plan = try await planAgain(claim, enqueuedAt)
        try await onPool(if: plan.isLong) { () async throws(RedisError) in
            let plan = await answerCache.consulted(plan)
            try await takeOver(PlannedClaim(claim: claim, plan: plan, room: nil, cancellation: cancellation))
        }
    }

    private func takeOver(_ job: PlannedClaim) async throws(RedisError) {
        let (claim, plan, cancellation) = (job.claim, job.plan, job.cancellation)
        let probe = JobRun(
            plan, attempt: claim.attempt, booking: plan.expectedBooking, cancellation: cancellation,
            startedAt: clock.now)
        let verdict = try await queue.reap(claim, usage: probe.startRecord.encoded)
        log.reaped(claim.job, verdict)
        metrics.reaped(claim.job, verdict)
        guard case .run(let number, let deliveries) = verdict else { return }
        let attempt = claim.attempt.takenOver(number: number, deliveries: deliveries)
        running.replace(attempt, of: cancellation)
        var booking = Booking.none
        if case .route(let ranked) = plan.step,
            case .booked(let booked) = try await pool.book(ranked, plan, for: attempt)
        {
            booking = booked
        }
        try await execute(
            JobRun(
                plan, attempt: attempt, booking: booking, cancellation: cancellation, startedAt: probe.startedAt))
    }

    /// Plans a reaped request.
    ///
    /// One that was delivered too often is not even read once more: REAP ends it.
    private func planAgain(_ claim: Claim, _ enqueuedAt: Int64) async throws(RedisError) -> JobPlan {
        // Attempts that were chosen are deliveries, too.
        guard claim.attempt.deliveries < queue.limits.maxDeliveries + policy.maxAttempts else {
            let poison = JobFailure(.poison, "the request was delivered too often")
            return JobPlan(claim.job, enqueuedAt: enqueuedAt, request: nil, refusal: poison)
        }
        return try await router.plan(claim.job, enqueuedAt: enqueuedAt)
    }

    /// Step 3.
    ///
    /// Returns `nil` where the worker shuts down before the job has begun, and another worker is to begin it.
    private func start(_ run: JobRun) async throws(RedisError) -> JobQueue.Start? {
        try await holding(run.booking) { (use) async throws(RedisError) -> JobQueue.Start? in
            guard run.cancellation.reason != .shutdown else { return nil }
            let verdict = try await queue.start(run.attempt, usage: run.startRecord.encoded)
            if verdict == .started { use = .held }
            return verdict
        }
    }

    /// Runs attempts, one after the other, until the request has ended, waits, or is another worker's.
    private func execute(_ first: JobRun) async throws(RedisError) {
        FaultPoint.started.reached()
        let trace = tracer.flatMap { JobTrace($0, first, queue.keys) }
        // After the job's end has been written, so that its caller does not wait for it.
        defer { trace?.ended() }
        var run = trace.map { first.traced(by: $0) } ?? first
        while let next = try await attempt(run) { run = next }
    }

    /// Steps 4 to 6 of one attempt.
    ///
    /// Returns the run of the next one where there is one in this claim.
    private func attempt(_ run: JobRun) async throws(RedisError) -> JobRun? {
        let ended = try await holding(run.booking) { (use) async throws(RedisError) -> EndedAttempt in
            let calledAt = ContinuousClock.now
            use = .called(tokens: run.plan.promptTokens, at: calledAt)
            let ended = try await answered(run)
            use = .called(tokens: ended.record.usage.input + ended.record.usage.output, at: calledAt)
            observe(ended)
            // Written before the capacity comes back: the caller does not wait for that.
            if ended.outcome.failure == nil { try await conclude(ended) }
            return ended
        }
        // Decided after the capacity came back: what a failed attempt held may be what the next one needs.
        guard let failure = ended.outcome.failure else { return nil }
        return try await handle(failure, ended)
    }

    /// Gives back the booking's capacity when `body` has ended, also by an error.
    ///
    /// `body` sets what it used of the booking. Until then the platform was never called.
    func holding<Value: Sendable>(
        _ booking: Booking, _ body: (inout CapacityUse) async throws(RedisError) -> Value
    ) async throws(RedisError) -> Value {
        var use = CapacityUse.none
        let result: Result<Value, RedisError>
        do throws(RedisError) { result = .success(try await body(&use)) } catch { result = .failure(error) }
        await pool.settle(booking, use)
        return try result.get()
    }

    /// Records what the attempt says about its route, for all workers.
    private func observe(_ ended: EndedAttempt) {
        let record = ended.record
        metrics.attemptEnded(record)
        if case .superseded(hasEnded: false) = ended.outcome.result { metrics.writeFenced() }
        guard let route = ended.run.route else { return }
        pool.learn(route, ended.run.plan, record)
        let said: Observation.Outcome
        switch ended.outcome.result {
        case .completed: said = .answered(seconds: Double(record.firstToken ?? record.latency) / 1000)
        case .failed(let failure): said = Observation.outcome(of: failure)
        case .superseded: said = .nothing
        }
        healthRegistry.note(said, account: route.account.id, model: route.model.id, began: ended.run.startedAt)
    }

    private func conclude(_ ended: EndedAttempt) async throws(RedisError) {
        guard case .completed(let answer) = ended.outcome.result else {
            return try await abort(ended.run, ended.record)
        }
        try await onPool(if: answer.body.count > largestOnLoop) { () async throws(RedisError) in
            let plan = ended.run.plan
            let completion = plan.cachedAnswer == nil ? answer.showing(ended.record.usage) : answer
            guard plan.cache != nil else {
                return try await finish(ended, .init(status: .done, meta: [], result: completion.body))
            }
            async let kept: Void = answerCache.keep(completion, of: ended)
            try await finish(ended, .init(status: .done, meta: [], result: completion.body))
            await kept
        }
    }

    /// Step 6, and the only place where a request ends well or badly.
    func finish(_ ended: EndedAttempt, _ end: JobQueue.End) async throws(RedisError) {
        let run = ended.run.noting(ended.record)
        var end = end
        end.meta = run.meta(ended.record).encoded
        for _ in 0...TokenPublisher.maxRepairs {
            FaultPoint.finishing.reached()
            let verdict = try await queue.finish(
                run.attempt, lastSeq: ended.publisher.lastSeq, end: end, usage: ended.record.encoded,
                keepLog: queue.limits.logTTL(of: run.plan.job))
            FaultPoint.finished.reached()
            guard verdict == .behind else {
                tellEnd(run, ended.record, verdict)
                // Others may still need it: the attempt that runs now, or the dead letter that the request has become.
                guard verdict == .ok || Ablation.dropBodyAlways.isBroken else { return }
                return try await queue.dropBody(of: run.plan.job)
            }
            guard try await ended.publisher.repair() == .goOn else { break }
        }
        try await abort(run, ended.record)
    }

    /// Bills an attempt whose request has ended already, or is another worker's.
    func abort(_ run: JobRun, _ record: AttemptRecord) async throws(RedisError) {
        let verdict = try await queue.abort(run.attempt, usage: record.encoded)
        tellEnd(run, record, nil)
        if verdict == .ended, run.cancellation.reason == .cancelled { try await queue.dropBody(of: run.plan.job) }
    }

    private func tellEnd(_ run: JobRun, _ record: AttemptRecord, _ verdict: JobQueue.Finish?) {
        running.remove(run.cancellation)
        if verdict == .fenced { metrics.writeFenced() }
        if let outcome = JobOutcome(record, verdict) { metrics.jobEnded(run.plan.job, outcome, by: record) }
        log.ended(run, record, verdict)
    }
}
