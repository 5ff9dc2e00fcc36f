import Shared
import Synchronization

/// The spans of one claim of a job: its wait before, the claim itself, and one for each call of a platform.
///
/// The first two are below the span that put the job into the queue, calls are below the claim.
final class JobTrace: Sendable {
    private struct State: Sendable {
        /// Of the claim.
        var span: TraceSpan?
        /// Under way.
        var call: CallTrace?
        var calls = 0
        /// Of the last attempt that ended.
        var record: AttemptRecord?
    }

    private let tracer: Tracer
    /// Of the claim's span, or the job's own where it has none.
    private let context: TraceContext?
    private let state: Mutex<State>

    /// `nil` where there is nothing to record, and no platform is told.
    init?(_ tracer: Tracer, _ run: JobRun, _ keys: QueueKeys) {
        let job = run.plan.job
        let (begun, context) = tracer.enter("process \(job.lane.rawValue)", .consumer, from: job.trace)
        var span = begun
        guard span != nil || tracer.reachesPlatforms && context != nil else { return nil }
        let waited = run.startedAt.subtractingClamped(run.plan.enqueuedAt).clamped(to: Bounds.length)
        span?.setQueue(keys, job)
        span?.set(SpanKey.messagingOperation, text: "process")
        span?.set(SpanKey.messagingOperationType, text: "process")
        span?.set(SpanKey.requestID, text: job.requestID)
        span?.set(SpanKey.waitSeconds, decimal: Double(waited) / 1000)
        self.tracer = tracer
        self.context = context
        state = Mutex(State(span: span))
        guard let context = span?.context, let place = tracer.child(of: context) else { return }
        var wait = TraceSpan(
            "wait \(job.lane.rawValue)", .internal, place, under: job.trace ?? context, isRemote: job.trace != nil)
        wait.lasted(from: (run.startedAt - waited) * 1_000_000, to: run.startedAt * 1_000_000)
        wait.setQueue(keys, job)
        tracer.end(wait)
    }

    /// Begins the span of a call to a platform.
    func call(_ route: Route, _ request: ModelRequest, _ run: JobRun) -> CallTrace {
        var span = tracer.child(of: context).map {
            TraceSpan("\(request.operation.rawValue) \(route.model.modelID)", .client, $0, under: context)
        }
        span?.describe(request, on: route)
        span?.set(SpanKey.attempt, number: run.attempt.number)
        let call = CallTrace(span, span?.context ?? context, tracer)
        state.withLock { state in
            state.call = call
            state.calls += 1
        }
        return call
    }

    /// Ends the span of the attempt's call, where it made one.
    func attemptEnded(_ ended: EndedAttempt) {
        let call = state.withLock { state in
            defer { state.call = nil }
            state.record = ended.record
            return state.call
        }
        call?.ended { $0.describe(ended.record, upstreamStatus: ended.outcome.failure?.upstreamStatus) }
    }

    /// Ends the span of the claim: the job has ended, waits, or is another worker's.
    ///
    /// A call that has no end yet was left because Redis stayed away.
    func ended() {
        let state = state.withLock { $0 }
        state.call?.ended { $0.fail(Self.noRedis) }
        guard var span = state.span else { return }
        span.set(SpanKey.attempts, number: state.calls)
        if state.call != nil {
            span.fail(Self.noRedis)
        } else if let record = state.record {
            span.set(SpanKey.outcome, text: record.status.rawValue)
            if record.provider == CachePlan.provider { span.set(SpanKey.isCached, flag: true) }
            if record.status != .done { span.fail(record.failureName) }
        }
        tracer.end(span)
    }

    private static let noRedis = "redis_unavailable"
}
