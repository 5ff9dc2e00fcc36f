/// The place of a span in a trace, as processes tell each other of it (W3C Trace Context, level 2).
package struct TraceContext: Sendable, Equatable {
    /// 128 bits, never all 0.
    package struct TraceID: Sendable, Hashable {
        package let high: UInt64
        package let low: UInt64

        package init(high: UInt64, low: UInt64) {
            self.high = high
            self.low = low
        }
    }

    static let sampledFlag: UInt8 = 1
    /// The lower 56 bits of the trace's id are random, so that others may sample by them.
    static let randomFlag: UInt8 = 2

    package let trace: TraceID
    /// Never 0.
    package let span: UInt64
    let flags: UInt8
    /// `tracestate`, of `longestState` bytes at most: what other systems have to say to each other.
    package let state: String?

    init(_ trace: TraceID, span: UInt64, flags: UInt8, state: String? = nil) {
        self.trace = trace
        self.span = span
        self.flags = flags
        self.state = state
    }

    /// Somebody records this trace, so that our spans find their place in it.
    package var isSampled: Bool { flags & Self.sampledFlag != 0 }

    /// The same place in a trace that is not recorded from here on.
    var unsampled: TraceContext {
        TraceContext(trace, span: span, flags: flags & ~Self.sampledFlag, state: state)
    }

    /// Another span of the same trace.
    func with(span: UInt64) -> TraceContext { TraceContext(trace, span: span, flags: flags, state: state) }
}
