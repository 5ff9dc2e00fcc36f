import Logging
import Shared

/// What happens to a job, one line a step.
///
///     1 claim    EntryReader      queue entry → claim; unreadable and late ones end here   (ClaimService, Reaper)
///     2 route    Router           request → plan: routes, best first
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
    let platforms: PlatformCaller
    let policy: FailurePolicy
    let cooldowns: AccountCooldowns
    let running: RunningJobs
    let configuration: WorkerConfig
    let metrics: WorkerMetrics
    let clock: any WallClock
    let logger: Logger

    /// A fresh claim.
    func run(_ claim: Claim, enqueuedAt: Int64) async throws(RedisError) {
        let plan = try await router.plan(claim.job, enqueuedAt: enqueuedAt)
        if plan.mayWait { return try await wait(claim, plan) }
        let run = makeRun(plan, claim.attempt)
        switch try await queue.start(run.attempt, usage: record(run).encoded) {
        case .started: try await execute(run)
        case .endedMine: try await abort(run, record(run, endedWith: .cancelled))
        case .dropped, .lost: break
        }
    }

    /// A claim of a worker that is gone.
    func takeOver(_ claim: Claim, enqueuedAt: Int64) async throws(RedisError) {
        let plan = try await router.plan(claim.job, enqueuedAt: enqueuedAt)
        let probe = makeRun(plan, claim.attempt)
        let verdict = try await queue.reap(claim, usage: record(probe).encoded)
        logger.info("reaped", metadata: ["job": "\(claim.job.id)", "verdict": "\(verdict)"])
        guard case .run(let number, let deliveries) = verdict else { return }
        let attempt = claim.attempt.takenOver(number: number, deliveries: deliveries)
        try await execute(JobRun(plan, attempt: attempt, interrupt: probe.interrupt, startedAt: probe.startedAt))
    }

    private func makeRun(_ plan: JobPlan, _ attempt: Attempt) -> JobRun {
        JobRun(plan, attempt: attempt, interrupt: Interrupt(), startedAt: clock.now)
    }

    /// All accounts rest: the request waits without being counted, up to its deadline.
    private func wait(_ claim: Claim, _ plan: JobPlan) async throws(RedisError) {
        let due = clock.now + (plan.earliestCapacity ?? .seconds(1)).milliseconds
        _ = try await queue.postpone(claim.attempt, due: min(due, claim.job.deadline))
    }

    /// Attempts, one after the other, until the request has ended, waits, or is somebody else's.
    private func execute(_ first: JobRun) async throws(RedisError) {
        running.add(first.attempt, first.interrupt)
        defer { running.remove(first.attempt) }
        var run = first
        while let next = try await attempt(run) {
            run = next
            running.replace(run.attempt)
        }
    }

    /// One attempt, to its verdict; returns the run of the next one where there is one in this claim.
    private func attempt(_ run: JobRun) async throws(RedisError) -> JobRun? {
        var publisher = TokenPublisher(
            queue: queue, attempt: run.attempt, startRow: record(run), replayBytes: configuration.replayBytes)
        let outcome = explained(try await answer(run, &publisher), run)
        let record = record(run, outcome)
        metrics.attemptEnded(record)
        if let failure = outcome.failure, let account = run.route?.account.id {
            cooldowns.note(failure, account: account)
        }

        switch outcome.result {
        case .completed(let completion):
            try await finish(run, record, publisher, .init(status: .done, meta: [], result: completion.body))
        case .superseded:
            try await abort(run, record)
        case .failed(let failure):
            return try await handle(failure, run, record, publisher)
        }
        return nil
    }

    /// A call that was cut off fails for the reason it was cut off for.
    private func explained(_ outcome: AttemptOutcome, _ run: JobRun) -> AttemptOutcome {
        var outcome = outcome
        guard outcome.failure != nil else { return outcome }
        if run.interrupt.reason == .shutdown {
            outcome.result = .failed(
                JobFailure(.workerShutdown, "the worker was shut down before the answer was complete"))
        } else if run.interrupt.reason == nil, run.attempt.deadline <= clock.now {
            outcome.result = .failed(
                JobFailure(.deadlineExceeded, "the deadline passed before the answer was complete"))
        }
        return outcome
    }

    /// Steps 4 and 5; nothing is thrown but Redis' own absence.
    private func answer(
        _ run: JobRun, _ publisher: inout TokenPublisher
    ) async throws(RedisError) -> AttemptOutcome {
        guard let route = run.route, let request = run.plan.request else {
            return AttemptOutcome(.failed(run.plan.refusal ?? JobFailure(.internal, "the request has no route")))
        }
        let call = PlatformCall(
            requestID: run.attempt.id, route: route, request: request, attempt: run.attempt.number,
            interrupt: run.interrupt,
            timeLeft: .milliseconds(run.attempt.deadline - clock.now))
        if request.isStream { return try await stream(call, &publisher) }
        do {
            return AttemptOutcome(.completed(try await platforms.complete(call)))
        } catch {
            return AttemptOutcome(.failed(error))
        }
    }

    /// Deltas from the platform to the log; one write per coalescing window.
    private func stream(
        _ call: PlatformCall, _ publisher: inout TokenPublisher
    ) async throws(RedisError) -> AttemptOutcome {
        var outcome = AttemptOutcome(.superseded(hasEnded: false))
        var coalescer = DeltaCoalescer()
        var source: CompletionStream
        do { source = try await platforms.open(call) } catch { return AttemptOutcome(.failed(error)) }
        defer { source.close() }
        metrics.streamStarted()
        defer { metrics.streamEnded() }
        var notBefore: ContinuousClock.Instant?
        while true {
            var isAtEnd = false
            do throws(JobFailure) {
                if let deltas = try await source.next(notBefore: notBefore) {
                    for delta in deltas { coalescer.add(delta) }
                } else {
                    isAtEnd = true
                    for delta in source.end.deltas { coalescer.add(delta) }
                    outcome.result = .completed(source.end)
                }
            } catch {
                isAtEnd = true
                outcome.result = .failed(error)
            }
            outcome.countedTokens = coalescer.outputTokens
            outcome.reportedUsage = source.usage
            // Until something is visible nothing is written, so that a failure can still be retried unseen.
            if coalescer.hasVisible || (isAtEnd && outcome.isCompleted), let payload = coalescer.drain() {
                if !outcome.isShown { outcome.firstVisible = clock.now }
                outcome.isShown = true
                switch try await publisher.publish(payload, tokens: outcome.countedTokens) {
                case .goOn: notBefore = .now + configuration.coalescing.length(streams: metrics.streams)
                case .ended:
                    outcome.result = .superseded(hasEnded: true)
                    return outcome
                case .fenced:
                    outcome.result = .superseded(hasEnded: false)
                    return outcome
                }
            }
            if isAtEnd { return outcome }
        }
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
            let verdict = try await queue.finish(
                run.attempt, lastSeq: publisher.lastSeq, end: end, usage: record.encoded,
                keepLog: queue.limits.logTTL(of: run.plan.job))
            guard verdict == .behind else {
                ended(run, record, verdict)
                return try await queue.dropBody(of: run.plan.job)
            }
            guard try await publisher.repair() == .goOn else { break }
        }
        try await abort(run, record)
    }

    private func handle(
        _ failure: JobFailure, _ run: JobRun, _ record: AttemptRecord, _ publisher: TokenPublisher
    ) async throws(RedisError) -> JobRun? {
        var run = run
        let isShown = publisher.lastSeq > 0
        switch run.interrupt.reason {
        case .cancelled, .leaseLost:
            try await abort(run, record)
            return nil
        case .shutdown where !isShown:
            _ = try await queue.retryLater(run.attempt, usage: record.encoded, due: clock.now)
            return nil
        case .shutdown, nil: break
        }
        let hasOtherRoute = run.hasOtherRoute { cooldowns.rest(of: $0.id) != nil }
        let decision = policy.decide(
            .init(
                failure: failure, isShown: isShown, attempts: run.attempt.number, hasOtherRoute: hasOtherRoute,
                earliestCapacity: cooldowns.earliestCapacity(of: run.plan.accounts),
                timeLeft: .milliseconds(run.attempt.deadline - clock.now),
                random: .random(in: 0..<1)))
        switch decision {
        case .fail:
            try await finish(run, record, publisher, .init(status: .error, meta: [], result: failure.encoded))
            return nil
        case .later(let pause):
            _ = try await queue.retryLater(run.attempt, usage: record.encoded, due: clock.now + pause.milliseconds)
            return nil
        case .nextRoute:
            run.note(record)
            let next = run.advanced(startedAt: clock.now)
            let verdict = try await queue.next(
                after: run.attempt, usage: record.encoded, nextUsage: self.record(next).encoded)
            return verdict == .started ? next : nil
        }
    }

    private func abort(_ run: JobRun, _ record: AttemptRecord) async throws(RedisError) {
        _ = try await queue.abort(run.attempt, usage: record.encoded)
        ended(run, record, nil)
    }

    /// The one log line of a job.
    private func ended(_ run: JobRun, _ record: AttemptRecord, _ verdict: JobQueue.Finish?) {
        metrics.jobEnded(record)
        logger.info(
            "job ended",
            metadata: [
                "job": "\(run.attempt.id)", "attempt": "\(run.attempt.number)", "status": "\(record.status.rawValue)",
                "provider": "\(record.provider)", "model": "\(record.model)", "account": "\(record.account)",
                "error": "\(record.errorKind?.rawValue ?? "")", "ms": "\(record.latency)",
                "verdict": "\(verdict?.rawValue ?? "aborted")",
            ])
    }
}
