import CoreMetrics

/// Counts what became of spans.
struct SpanCounts: Sendable {
    /// Taken by the receiver.
    let sent: Counter
    /// Not wanted by the receiver, now or later.
    let rejected: Counter
    /// Gave way to newer ones, since too many waited.
    let dropped: Counter
    /// Given up after the last try, or at the end of the process.
    let failed: Counter

    init(_ metrics: MetricsRegistry) {
        sent = metrics.counter(.traceSpans, "sent")
        rejected = metrics.counter(.traceSpans, "rejected")
        dropped = metrics.counter(.traceSpans, "dropped")
        failed = metrics.counter(.traceSpans, "failed")
    }
}
