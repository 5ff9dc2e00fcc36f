import Shared

/// Steps 4 and 5 of a job: one call to a platform, or an answer that was kept in its place.
///
/// In: the run. Out: how it went, with what was published of it. Throws where Redis stays away; everything else is an outcome.
extension JobPipeline {
    func answered(_ run: JobRun, _ publisher: inout TokenPublisher) async throws(RedisError) -> AttemptOutcome {
        explained(try await answer(run, &publisher), run)
    }

    /// A call that was cut off fails for the reason it was cut off for; an answer that had come, for what it is.
    private func explained(_ outcome: AttemptOutcome, _ run: JobRun) -> AttemptOutcome {
        var outcome = outcome
        guard let failure = outcome.failure else { return outcome }
        if failure.kind == .unreadableAnswer {
            outcome.result = .failed(run.route.map { failure.named($0.model.provider) } ?? failure)
        } else if run.interrupt.reason == .shutdown {
            outcome.result = .failed(
                JobFailure(.workerShutdown, "the worker was shut down before the answer was complete"))
        } else if run.interrupt.reason == nil, run.attempt.deadline <= clock.now {
            outcome.result = .failed(
                JobFailure(.deadlineExceeded, "the deadline passed before the answer was complete"))
        }
        return outcome
    }

    private func answer(
        _ run: JobRun, _ publisher: inout TokenPublisher
    ) async throws(RedisError) -> AttemptOutcome {
        if let hit = run.plan.hit { return try await replay(hit, run, &publisher) }
        guard let route = run.route, let request = run.plan.request else {
            return AttemptOutcome(.failed(run.booking.refusal ?? run.plan.refusal ?? JobPlan.noCapacity))
        }
        let call = PlatformCall(
            requestID: run.attempt.id, route: route, request: request, attempt: run.attempt.number,
            cancellation: run.interrupt,
            timeLeft: .milliseconds(run.attempt.deadline - clock.now))
        if request.isStream { return try await stream(call, keeper.copy(for: run.plan), &publisher) }
        do {
            return AttemptOutcome(.completed(try await platforms.complete(call)))
        } catch {
            return AttemptOutcome(.failed(error))
        }
    }

    /// Deltas from the platform to the log; one write per coalescing window.
    private func stream(
        _ call: PlatformCall, _ copy: StreamCopy?, _ publisher: inout TokenPublisher
    ) async throws(RedisError) -> AttemptOutcome {
        var outcome = AttemptOutcome(.superseded(hasEnded: false))
        outcome.copy = copy
        var coalescer = DeltaCoalescer()
        var source: CompletionStream
        do { source = try await platforms.open(call) } catch { return AttemptOutcome(.failed(error)) }
        defer { source.close() }
        FaultPoint.accepted.reached()
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
                outcome.copy?.add(payload)
                switch try await publisher.publish(payload, tokens: outcome.countedTokens) {
                case .goOn:
                    FaultPoint.streaming.reached()
                    notBefore = .now + configuration.coalescing.length(streams: metrics.streams)
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

    /// An answer that was kept, in place of steps 4 and 5.
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
        switch try await publisher.publish(payload, tokens: 0) {
        case .goOn: break
        case .ended: outcome.result = .superseded(hasEnded: true)
        case .fenced: outcome.result = .superseded(hasEnded: false)
        }
        return outcome
    }
}
