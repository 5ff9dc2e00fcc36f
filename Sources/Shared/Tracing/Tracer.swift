/// Begins and ends the spans of a process, and hands contexts on.
///
/// There is none where tracing is off. Without a queue for spans it only hands contexts on, from callers to platforms.
package final class Tracer: Sendable {
    /// Platforms are told of the trace, too.
    package let reachesPlatforms: Bool
    private let sampler: TraceSampler
    private let queue: SpanQueue?
    private let ids = TraceIDs()

    init(_ sampler: TraceSampler, queue: SpanQueue?, reachesPlatforms: Bool) {
        self.sampler = sampler
        self.queue = queue
        self.reachesPlatforms = reachesPlatforms
    }

    /// Begins the first span of what came from outside, where its trace is recorded.
    ///
    /// `context` is for what follows from it: the span's own. Where there is no span it is the caller's, or that of a
    /// trace which nobody records, so that the next process does not decide once more.
    package func enter(
        _ name: String, _ kind: TraceSpan.Kind, from caller: TraceContext?
    ) -> (span: TraceSpan?, context: TraceContext?) {
        guard queue != nil else { return (nil, caller) }
        let trace = caller?.trace ?? ids.trace()
        guard sampler.isSampled(trace, under: caller) else { return (nil, caller?.unsampled ?? unsampled(trace)) }
        let flags = caller?.flags ?? TraceContext.randomFlag
        let context = TraceContext(
            trace, span: ids.span(), flags: flags | TraceContext.sampledFlag, state: caller?.state)
        return (TraceSpan(name, kind, context, under: caller, isRemote: true), context)
    }

    /// The place of a new span below `parent`, `nil` where that trace is not recorded here.
    package func child(of parent: TraceContext?) -> TraceContext? {
        guard queue != nil, let parent, parent.isSampled else { return nil }
        return parent.with(span: ids.span())
    }

    /// A trace that nobody records, `nil` where no spans are sent.
    package var silence: TraceContext? { queue == nil ? nil : unsampled(ids.trace()) }

    private func unsampled(_ trace: TraceContext.TraceID) -> TraceContext {
        TraceContext(trace, span: ids.span(), flags: TraceContext.randomFlag)
    }

    /// Ends a span now, where it has no end yet, and leaves it to the exporter.
    package func end(_ span: TraceSpan) {
        var span = span
        span.end = max(span.start, span.end ?? SystemWallClock.nanoseconds)
        queue?.add(span)
    }
}
