/// Decides which traces are recorded (pure), by OpenTelemetry's names.
package struct TraceSampler: Sendable, Equatable {
    /// Raw values are those of `OTEL_TRACES_SAMPLER`.
    package enum Rule: String, Sendable, CaseIterable {
        case alwaysOn = "always_on"
        case alwaysOff = "always_off"
        case ratio = "traceidratio"
        // As the caller has decided, where there is one.
        case parentElseOn = "parentbased_always_on"
        case parentElseOff = "parentbased_always_off"
        case parentElseRatio = "parentbased_traceidratio"
    }

    private let rule: Rule
    /// Ids whose lower half is below it, in 63 bits, are recorded.
    private let bound: UInt64

    /// `ratio` is the share of traces, from 0 to 1, for the rules that sample by it.
    package init(_ rule: Rule, ratio: Double = 1) {
        self.rule = rule
        bound = ratio >= 1 ? 1 << 63 : UInt64(max(0, ratio) * 0x1p63)
    }

    func isSampled(_ trace: TraceContext.TraceID, under parent: TraceContext?) -> Bool {
        switch rule {
        case .alwaysOn: true
        case .alwaysOff: false
        case .ratio: isWithin(trace)
        case .parentElseOn: parent?.isSampled ?? true
        case .parentElseOff: parent?.isSampled ?? false
        case .parentElseRatio: parent?.isSampled ?? isWithin(trace)
        }
    }

    /// The same for every process with the same ratio, since it depends on the id alone.
    private func isWithin(_ trace: TraceContext.TraceID) -> Bool { trace.low >> 1 < bound }
}
