import Testing

@testable import Shared

@Suite struct TracerTests {
    private static let sampled = TraceContext(parent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    private static let unsampled = TraceContext(parent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")

    private func queue(limit: Int = 10, batch: Int = 5) -> SpanQueue {
        SpanQueue(limit: limit, batch: batch, dropped: MetricsRegistry().counter(.traceSpans, "dropped"))
    }

    private func tracer(_ rule: TraceSampler.Rule, ratio: Double = 1, _ queue: SpanQueue?) -> Tracer {
        Tracer(TraceSampler(rule, ratio: ratio), queue: queue, reachesPlatforms: false)
    }

    private static func add(_ name: String, _ tracer: Tracer) {
        if let span = tracer.enter(name, .server, from: nil).span { tracer.end(span) }
    }

    @Test(arguments: [
        (.alwaysOn, true, true, true), (.alwaysOff, false, false, false), (.parentElseOn, true, true, false),
        (.parentElseOff, false, true, false), (.parentElseRatio, false, true, false), (.ratio, false, false, false),
    ] as [(TraceSampler.Rule, Bool, Bool, Bool)])
    func `each rule decides for requests without a trace, sampled ones and others`(
        _ rule: TraceSampler.Rule, _ alone: Bool, _ underSampled: Bool, _ underUnsampled: Bool
    ) {
        let tracer = tracer(rule, ratio: 0, queue())

        #expect((tracer.enter("x", .server, from: nil).span != nil) == alone)
        #expect((tracer.enter("x", .server, from: Self.sampled).span != nil) == underSampled)
        #expect((tracer.enter("x", .server, from: Self.unsampled).span != nil) == underUnsampled)
    }

    @Test(arguments: [0, 0.1, 0.5, 1])
    func `a ratio is that share of traces, and the same for every process`(_ ratio: Double) {
        let ids = TraceIDs()
        let traces = (0..<20_000).map { _ in ids.trace() }
        let (one, other) = (TraceSampler(.ratio, ratio: ratio), TraceSampler(.parentElseRatio, ratio: ratio))
        let chosen = traces.filter { one.isSampled($0, under: nil) }

        #expect(abs(Double(chosen.count) / 20_000 - ratio) < 0.02)
        #expect(chosen == traces.filter { other.isSampled($0, under: nil) })
    }

    @Test func `a span is below its caller's, and what follows is below it`() throws {
        let (span, context) = tracer(.parentElseOn, queue()).enter("x", .server, from: Self.sampled)

        #expect(span?.context == context && context?.trace == Self.sampled?.trace && context?.isSampled == true)
        #expect(context?.span != Self.sampled?.span)
        #expect(span?.parent == Self.sampled && span?.isParentRemote == true)
    }

    @Test func `where a trace is not recorded that is what is passed on`() {
        let tracer = tracer(.alwaysOff, queue())

        let (none, context) = tracer.enter("x", .server, from: Self.sampled)
        #expect(none == nil)
        #expect(context == Self.unsampled)
        let fresh = tracer.enter("x", .server, from: nil).context
        #expect(fresh?.isSampled == false)
        #expect(tracer.child(of: fresh) == nil && tracer.silence?.isSampled == false)
    }

    @Test func `without a receiver the caller's context is passed on as it is`() {
        let tracer = tracer(.alwaysOn, nil)

        #expect(tracer.enter("x", .server, from: Self.sampled).context == Self.sampled)
        #expect(tracer.enter("x", .server, from: nil).context == nil)
        #expect(tracer.child(of: Self.sampled) == nil && tracer.silence == nil)
    }

    @Test func `of too many spans the oldest go, and are counted`() {
        let metrics = MetricsRegistry()
        let queue = SpanQueue(limit: 3, batch: 2, dropped: metrics.counter(.traceSpans, "dropped"))
        let tracer = tracer(.alwaysOn, queue)
        for number in 0..<5 { Self.add("s\(number)", tracer) }

        #expect(queue.count == 3)
        #expect(metrics.text.contains(#"aims_trace_spans_total{result="dropped"} 2"#))
        let first = queue.take()
        #expect(first.map(\.name) == ["s2", "s3"])
        queue.putBack(first)
        #expect(queue.take().map(\.name) == ["s2", "s3"] && queue.take().map(\.name) == ["s4"])
    }

    @Test func `what cannot be put back is counted`() {
        let metrics = MetricsRegistry()
        let queue = SpanQueue(limit: 2, batch: 2, dropped: metrics.counter(.traceSpans, "dropped"))
        let tracer = tracer(.alwaysOn, queue)
        for name in ["a", "b"] { Self.add(name, tracer) }
        let taken = queue.take()
        Self.add("c", tracer)

        queue.putBack(taken)

        #expect(queue.take().map(\.name) == ["b", "c"])
        #expect(metrics.text.contains(#"aims_trace_spans_total{result="dropped"} 1"#))
    }

    @Test(.timeLimit(.minutes(1))) func `the exporter wakes as soon as a batch is full`() async {
        let queue = queue(limit: 10, batch: 2)
        let tracer = tracer(.alwaysOn, queue)
        async let woken: Void = queue.wait(atMost: .seconds(3600))
        for name in ["a", "b"] { Self.add(name, tracer) }

        await woken

        #expect(queue.hasBatch)
    }
}
