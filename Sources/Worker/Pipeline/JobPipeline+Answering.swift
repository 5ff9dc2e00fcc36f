import Shared

/// Steps 4 and 5 of a job: one call to a platform, or a kept answer in its place.
///
/// In: the run. Out: the attempt with its outcome and what was published of it. Throws where Redis stays away;
/// everything else is an outcome.
extension JobPipeline {
    func answered(_ run: JobRun) async throws(RedisError) -> EndedAttempt {
        var publisher = TokenPublisher(
            queue: queue, attempt: run.attempt, startRow: { run.startRecord.encoded },
            replay: settings.stream.replay)
        let outcome = explained(try await answer(run, &publisher), run)
        FaultPoint.answered.reached()
        let ended = EndedAttempt(
            run: run, record: run.record(of: outcome, at: clock.now), outcome: outcome, publisher: publisher)
        run.trace?.attemptEnded(ended)
        return ended
    }

    /// Gives a call that was cut off the reason it was cut off for.
    ///
    /// An unreadable answer keeps its own failure.
    private func explained(_ outcome: AttemptOutcome, _ run: JobRun) -> AttemptOutcome {
        var outcome = outcome
        guard let failure = outcome.failure else { return outcome }
        if failure.kind == .unreadableAnswer {
            outcome.result = .failed(run.route.map { failure.named($0.model.provider) } ?? failure)
        } else if run.cancellation.reason == .shutdown {
            outcome.result = .failed(
                JobFailure(.workerShutdown, "the worker was shut down before the answer was complete"))
        } else if run.cancellation.reason == nil, run.attempt.deadline <= clock.now {
            outcome.result = .failed(
                JobFailure(.deadlineExceeded, "the deadline passed before the answer was complete"))
        }
        return outcome
    }

    private func answer(
        _ run: JobRun, _ publisher: inout TokenPublisher
    ) async throws(RedisError) -> AttemptOutcome {
        if let answer = run.plan.cachedAnswer { return try await replay(answer, run, &publisher) }
        if case .refused(let failure) = run.booking { return AttemptOutcome(.failed(failure)) }
        guard let route = run.route, let request = run.plan.request else {
            return AttemptOutcome(.failed(run.plan.refusal ?? JobPlan.noCapacity))
        }
        let call = PlatformCall(
            requestID: run.attempt.id, route: route, request: request, attempt: run.attempt.number,
            cancellation: run.cancellation,
            timeLeft: .milliseconds(run.attempt.deadline - clock.now), trace: run.trace?.call(route, request, run))
        if request.isStream { return try await stream(call, answerCache.copy(for: run.plan), &publisher) }
        do {
            return AttemptOutcome(.completed(try await platforms.complete(call)))
        } catch {
            return AttemptOutcome(.failed(error))
        }
    }

    /// Writes deltas from the platform to the log, one write per coalescing window.
    private func stream(
        _ call: PlatformCall, _ copy: StreamCopy?, _ publisher: inout TokenPublisher
    ) async throws(RedisError) -> AttemptOutcome {
        var outcome = AttemptOutcome(.superseded(hasEnded: false))
        outcome.copy = copy
        var coalescer = DeltaCoalescer()
        let source: CompletionStream
        do { source = try await platforms.open(call) } catch { return AttemptOutcome(.failed(error)) }
        defer { source.close() }
        FaultPoint.accepted.reached()
        metrics.streamStarted()
        defer { metrics.streamEnded() }
        var notBefore: ContinuousClock.Instant?
        while true {
            let isAtEnd = await read(source, into: &coalescer, notBefore, &outcome)
            // Until something is visible nothing is written, so that a failure can still be retried unseen.
            if coalescer.hasVisible || (isAtEnd && outcome.isCompleted), let payload = coalescer.drain() {
                if !outcome.isShown { outcome.firstVisible = clock.now }
                outcome.isShown = true
                outcome.copy?.add(payload)
                let verdict = try await publisher.publish(payload, tokens: outcome.countedTokens)
                guard verdict == .goOn else {
                    outcome.result = .superseded(hasEnded: verdict == .ended)
                    return outcome
                }
                FaultPoint.streaming.reached()
                notBefore = settings.stream.coalescing.end(after: .now, streams: metrics.streams)
            }
            if isAtEnd { return outcome }
        }
    }

    /// Reads the deltas that have come.
    ///
    /// Returns `true` at the end of the stream, whose result is then in `outcome`.
    private func read(
        _ source: CompletionStream, into coalescer: inout DeltaCoalescer,
        _ notBefore: ContinuousClock.Instant?, _ outcome: inout AttemptOutcome
    ) async -> Bool {
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
        return isAtEnd
    }

    /// Publishes a kept answer in place of steps 4 and 5.
    private func replay(
        _ hit: CachedAnswer, _ run: JobRun, _ publisher: inout TokenPublisher
    ) async throws(RedisError) -> AttemptOutcome {
        var end = ChatCompletionEnd(model: hit.upstreamModel, finishReason: hit.finishReason, usage: TokenUsage())
        guard run.plan.request?.isStream == true, let payload = CompletionReplay.payload(from: hit.body) else {
            end.body = hit.body
            return AttemptOutcome(.completed(end))
        }
        var outcome = AttemptOutcome(.completed(end))
        outcome.firstVisible = clock.now
        outcome.isShown = true
        let verdict = try await publisher.publish(payload, tokens: 0)
        if verdict != .goOn { outcome.result = .superseded(hasEnded: verdict == .ended) }
        return outcome
    }
}
