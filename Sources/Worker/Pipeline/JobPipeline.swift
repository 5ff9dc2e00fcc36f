import Logging
import Shared

/// What happens to a job, one line a step.
///
///     1 claim    ClaimReader      queue entry → claim; unreadable and late ones end here   (ClaimService, Reaper)
///     2 route    Router           request → plan: routes, best first
///                AnswerCache     a kept answer of an equal request takes the place of steps 4 and 5
///                AccountPool      the route with capacity, held until it is settled; else the request waits in a room
///     3 start    JobQueue.start   the log says that this attempt runs, before anybody is paid
///     4 adapt    PlatformCaller   route + request → the platform's wire, and its answer back
///     5 stream   TokenPublisher   deltas → log and caller, each once
///     6 persist  JobQueue.finish  end, ledger row, queue entry and message in one step
///
/// After a failed attempt `FailurePolicy` decides between the caller, the next route and waiting. Every stop goes through
/// `finish`, `abort`, `next` or `retryLater`, each of which bills the attempt. Throws only where Redis stayed away longer
/// than `QueueLimits.patience`: then the entry is still in the pending list, and another worker reaps it.
struct JobPipeline: Sendable {
    let queue: JobQueue
    let router: Router
    let pool: AccountPool
    let platforms: PlatformCaller
    let policy: FailurePolicy
    let board: HealthRegistry
    let rooms: WaitingRooms
    let keeper: AnswerCache
    let running: RunningJobs
    let configuration: WorkerConfig
    let metrics: WorkerMetrics
    let clock: any WallClock
    let logger: Logger
    var restraint = ClaimRestraint()

    /// A fresh claim; `room` is where it waited before.
    func run(_ claim: Claim, enqueuedAt: Int64, admittedFrom room: String? = nil) async throws(RedisError) {
        // The one that runs holds the entry, and its lease is renewed.
        guard !running.isRunning(claim.attempt) else { return }
        let interrupt = JobCancellation()
        running.add(claim.attempt, interrupt)
        defer { running.remove(interrupt) }
        let plan = await keeper.consulted(try await router.plan(claim.job, enqueuedAt: enqueuedAt))
        guard let booking = try await book(claim, plan, room, interrupt) else { return }
        if let room { rooms.found(in: room) }
        guard interrupt.reason != .shutdown else { return try await release(claim, booking) }
        let run = makeRun(plan, claim.attempt, booking, interrupt)
        switch try await started(run) {
        case .started: return try await execute(run)
        case .endedMine:
            await pool.settle(booking, nil, calledAt: nil)
            try await abort(run, uncalled(run, .cancelled))
        case .lostMine:
            await pool.settle(booking, nil, calledAt: nil)
            try await abort(run, uncalled(run, .lost))
        case .dropped, .lost: await pool.settle(booking, nil, calledAt: nil)
        }
    }

    /// The worker ends before the job has begun: somebody else begins it, as if it had never been here.
    private func release(_ claim: Claim, _ booking: Booking) async throws(RedisError) {
        await pool.settle(booking, nil, calledAt: nil)
        _ = try await queue.release(claim.attempt, attemptsBefore: claim.job.attemptsBefore)
    }

    /// A claim of a worker that is gone.
    ///
    /// Its attempt is started before it has capacity: whoever took it over must not let go of it again.
    func takeOver(_ claim: Claim, enqueuedAt: Int64) async throws(RedisError) {
        let interrupt = JobCancellation()
        running.add(claim.attempt, interrupt)
        defer { running.remove(interrupt) }
        let plan = try await planAgain(claim, enqueuedAt)
        let expected = Booking(route: plan.hit == nil ? plan.lineup?.routes.first : nil)
        let probe = makeRun(plan, claim.attempt, expected, interrupt)
        let verdict = try await queue.reap(claim, usage: record(probe).encoded)
        logger.info(
            "reaped",
            metadata: [
                LogKey.request: "\(claim.job.requestID ?? "")", LogKey.job: "\(claim.job.id)",
                LogKey.verdict: "\(verdict)",
            ])
        guard case .run(let number, let deliveries) = verdict else { return }
        let attempt = claim.attempt.takenOver(number: number, deliveries: deliveries)
        running.replace(attempt, of: interrupt)
        var booking = Booking()
        if plan.hit == nil, plan.refusal == nil, let lineup = plan.lineup,
            case .booked(let booked) = try await pool.book(lineup, plan, for: attempt)
        {
            booking = booked
        }
        try await execute(
            JobRun(plan, attempt: attempt, booking: booking, interrupt: interrupt, startedAt: probe.startedAt))
    }

    /// What has taken so many workers with it is not even read once more; REAP ends it.
    private func planAgain(_ claim: Claim, _ enqueuedAt: Int64) async throws(RedisError) -> JobPlan {
        // Attempts that were chosen are deliveries, too.
        guard claim.attempt.deliveries < queue.limits.maxDeliveries + policy.maxAttempts else {
            let poison = JobFailure(.poison, "the request was delivered too often")
            return JobPlan(claim.job, enqueuedAt: enqueuedAt, request: nil, refusal: poison)
        }
        return await keeper.consulted(try await router.plan(claim.job, enqueuedAt: enqueuedAt))
    }

    private func makeRun(
        _ plan: JobPlan, _ attempt: Attempt, _ booking: Booking, _ interrupt: JobCancellation
    ) -> JobRun {
        JobRun(plan, attempt: attempt, booking: booking, interrupt: interrupt, startedAt: clock.now)
    }

    /// Capacity for a fresh claim; `nil` where the request was put aside to wait for it.
    private func book(
        _ claim: Claim, _ plan: JobPlan, _ room: String?, _ interrupt: JobCancellation
    ) async throws(RedisError) -> Booking? {
        guard let lineup = plan.lineup, plan.hit == nil, plan.refusal == nil || plan.mayWait else { return Booking() }
        if plan.isForOthers {
            try await handBack(claim, plan, room, interrupt)
            return nil
        }
        // Who comes now must not overtake those who wait for the same accounts.
        if room == nil, rooms.hasWaiters(plan.room.room) {
            try await wait(claim, plan, plan.mayWait ? lineup.earliest : nil, interrupt)
            return nil
        }
        switch plan.mayWait ? .busy(lineup.earliest) : try await pool.book(lineup, plan, for: claim.attempt) {
        case .booked(let booking): return booking
        case .busy(let wait):
            try await self.wait(claim, plan, wait, interrupt)
            return nil
        }
    }

    /// This worker cannot open a key that the request needs, and another one may: it is put aside without being counted.
    ///
    /// This worker claims nothing meanwhile. Who came from a room goes back to its place there.
    private func handBack(
        _ claim: Claim, _ plan: JobPlan, _ room: String?, _ interrupt: JobCancellation
    ) async throws(RedisError) {
        guard room == nil else { return try await wait(claim, plan, configuration.handBackPause, interrupt) }
        running.remove(interrupt)
        restraint.handedBack(for: configuration.handBackPause)
        _ = try await queue.postpone(claim.attempt, due: clock.now + configuration.handBackPause.milliseconds)
    }

    /// All accounts are busy or rest: the request waits without being counted, up to its deadline.
    ///
    /// `known`: until capacity is expected, where that can be told.
    private func wait(
        _ claim: Claim, _ plan: JobPlan, _ known: Duration?, _ interrupt: JobCancellation
    ) async throws(RedisError) {
        // It is nobody's from now on: a lease that is not found is not a lost one.
        running.remove(interrupt)
        let spec = plan.room
        let now = clock.now
        let pause = max(.milliseconds(1), min(known ?? configuration.slotPoll, Self.longestSleep))
        rooms.parked(in: spec.room, waitingFor: spec.accounts)
        // Circuits close and people mend things without telling rooms.
        _ = try await queue.park(
            claim, in: spec.room, spec: spec.encoded, due: now + pause.milliseconds,
            expected: known.map { now + $0.milliseconds })
    }

    /// Chosen: a look costs a claim and a reservation, a room that sleeps too long costs its waiters.
    private static let longestSleep = Duration.seconds(15)

    private func started(_ run: JobRun) async throws(RedisError) -> JobQueue.Start {
        do throws(RedisError) { return try await queue.start(run.attempt, usage: record(run).encoded) } catch {
            await pool.settle(run.booking, nil, calledAt: nil)
            throw error
        }
    }

    /// Attempts, one after the other, until the request has ended, waits, or is somebody else's.
    private func execute(_ first: JobRun) async throws(RedisError) {
        FaultPoint.started.reached()
        var run = first
        while let next = try await attempt(run) { run = next }
    }

    /// One attempt, to its verdict; returns the run of the next one where there is one in this claim.
    private func attempt(_ run: JobRun) async throws(RedisError) -> JobRun? {
        var publisher = TokenPublisher(
            queue: queue, attempt: run.attempt, startRow: record(run), replayBytes: configuration.replayBytes)
        let calledAt = ContinuousClock.now
        let outcome: AttemptOutcome
        do throws(RedisError) { outcome = try await answered(run, &publisher) } catch {
            await pool.settle(run.booking, record(run), calledAt: calledAt)
            throw error
        }
        FaultPoint.answered.reached()
        let record = record(run, outcome)
        observe(run, record, outcome)
        // What a failed attempt held may be what the next one needs.
        guard outcome.failure == nil else {
            await pool.settle(run.booking, record, calledAt: calledAt)
            return try await conclude(run, record, outcome, publisher)
        }
        // After the writes that end the attempt: the caller does not wait for it.
        let ended: Result<JobRun?, RedisError>
        do throws(RedisError) { ended = .success(try await conclude(run, record, outcome, publisher)) } catch {
            ended = .failure(error)
        }
        await pool.settle(run.booking, record, calledAt: calledAt)
        return try ended.get()
    }

    private func conclude(
        _ run: JobRun, _ record: AttemptRecord, _ outcome: AttemptOutcome, _ publisher: TokenPublisher
    ) async throws(RedisError) -> JobRun? {
        switch outcome.result {
        case .completed(let answer):
            let completion = run.plan.hit == nil ? answer.showing(record.usage) : answer
            async let kept: Void = keeper.keep(completion, outcome.copy, of: run, record)
            try await finish(run, record, publisher, .init(status: .done, meta: [], result: completion.body))
            await kept
        case .superseded:
            try await abort(run, record)
        case .failed(let failure):
            return try await handle(failure, run, record, publisher)
        }
        return nil
    }

    /// What the attempt says about its route, for everybody.
    private func observe(_ run: JobRun, _ record: AttemptRecord, _ outcome: AttemptOutcome) {
        metrics.attemptEnded(record)
        guard let route = run.route else { return }
        pool.learn(route, run.plan, record)
        let said: Observation.Outcome
        switch outcome.result {
        case .completed: said = .answered(seconds: Double(record.firstToken ?? record.latency) / 1000)
        case .failed(let failure): said = Observation.outcome(of: failure)
        case .superseded: said = .nothing
        }
        board.note(said, account: route.account.id, model: route.model.id, began: run.startedAt)
    }

    /// Step 6 for an answer, and the only place where a request ends well or badly.
    private func finish(
        _ run: JobRun, _ record: AttemptRecord, _ publisher: TokenPublisher, _ end: JobQueue.End
    ) async throws(RedisError) {
        var run = run
        run.note(record)
        var end = end
        end.meta = meta(run, record).encoded
        for _ in 0...TokenPublisher.maxRepairs {
            FaultPoint.finishing.reached()
            let verdict = try await queue.finish(
                run.attempt, lastSeq: publisher.lastSeq, end: end, usage: record.encoded,
                keepLog: queue.limits.logTTL(of: run.plan.job))
            FaultPoint.finished.reached()
            guard verdict == .behind else {
                ended(run, record, verdict)
                // Others may still need it: the attempt that runs now, or the dead letter that the request has become.
                guard verdict == .ok || Ablation.dropBodyAlways.isBroken else { return }
                return try await queue.dropBody(of: run.plan.job)
            }
            guard try await publisher.repair() == .goOn else { break }
        }
        try await abort(run, record)
    }

    private func handle(
        _ failure: JobFailure, _ run: JobRun, _ record: AttemptRecord, _ publisher: TokenPublisher
    ) async throws(RedisError) -> JobRun? {
        let isShown = publisher.lastSeq > 0
        switch run.interrupt.reason {
        case .cancelled, .leaseLost:
            failed(failure, run, record, next: .leave)
            try await abort(run, record)
            return nil
        case .shutdown where !isShown && failure.kind != .unreadableAnswer:
            failed(failure, run, record, next: .later)
            try await retryLater(run, record, pause: .zero)
            return nil
        case .shutdown, nil: break
        }
        let isUnreadable = failure.kind == .unreadableAnswer
        let unreadable = run.unreadable + (isUnreadable ? [record.account] : [])
        let lineup = isShown ? nil : router.lineup(run.plan, without: run.tried, ofOthersThan: unreadable)
        func decide(_ hasOtherRoute: Bool, _ earliest: Duration?) -> FailurePolicy.Decision {
            policy.decide(
                .init(
                    failure: failure, isShown: isShown, attempts: run.attempt.number, hasOtherRoute: hasOtherRoute,
                    unreadable: unreadable.count, earliestCapacity: earliest,
                    timeLeft: .milliseconds(run.attempt.deadline - clock.now), random: .random(in: 0..<1)))
        }
        // Other workers have routes that this one cannot use: to wait for them is to wait for capacity.
        let others = lineup?.hasLocked == true ? configuration.handBackPause : nil
        var decision = decide(lineup?.routes.isEmpty == false, lineup?.earliest ?? others)
        if decision == .nextRoute, let lineup {
            switch try await pool.book(lineup, run.plan, for: run.attempt.next) {
            case .booked(let booking):
                if booking.route != nil {
                    failed(failure, run, record, next: .nextRoute)
                    return try await next(run, record, booking)
                }
                decision = decide(false, others)
            case .busy(let wait): decision = decide(false, wait ?? configuration.slotPoll)
            }
        }
        guard case .later(let pause) = decision else {
            failed(failure, run, record, next: .tell)
            try await finish(run, record, publisher, .init(status: .error, meta: [], result: failure.encoded))
            return nil
        }
        // Who waits for capacity waits in a room, in order and with a place: it is claimed afresh and finds its way there.
        let isForCapacity = failure.kind == .rateLimited || failure.kind == .noCapacity
        failed(failure, run, record, next: .later)
        try await retryLater(run, record, pause: isForCapacity ? .zero : pause)
        return nil
    }

    private func retryLater(_ run: JobRun, _ record: AttemptRecord, pause: Duration) async throws(RedisError) {
        var run = run
        run.note(record)
        FaultPoint.retrying.reached()
        _ = try await queue.retryLater(
            run.attempt, usage: record.encoded, due: clock.now + pause.milliseconds,
            trail: AnswerMeta.Attempt.encode(run.trail))
        running.remove(run.interrupt)
    }

    private func next(_ run: JobRun, _ record: AttemptRecord, _ booking: Booking) async throws(RedisError) -> JobRun? {
        var run = run
        run.note(record)
        let next = run.advanced(booking, startedAt: clock.now)
        running.expect(next.attempt, of: run.interrupt)
        do throws(RedisError) {
            let verdict = try await queue.next(
                after: run.attempt, usage: record.encoded, nextUsage: self.record(next).encoded,
                neverCalled: uncalled(next, .lost).encoded)
            if verdict == .started {
                running.replace(next.attempt, of: run.interrupt)
                return next
            }
        } catch {
            await pool.settle(booking, nil, calledAt: nil)
            throw error
        }
        await pool.settle(booking, nil, calledAt: nil)
        return nil
    }

    private func abort(_ run: JobRun, _ record: AttemptRecord) async throws(RedisError) {
        let verdict = try await queue.abort(run.attempt, usage: record.encoded)
        ended(run, record, nil)
        if verdict == .ended, run.interrupt.reason == .cancelled { try await queue.dropBody(of: run.plan.job) }
    }

    private func ended(_ run: JobRun, _ record: AttemptRecord, _ verdict: JobQueue.Finish?) {
        running.remove(run.interrupt)
        metrics.jobEnded(record)
        tellEnd(run, record, verdict)
    }
}
