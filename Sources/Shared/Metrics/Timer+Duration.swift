package import CoreMetrics

extension Timer {
    /// Durations beyond 292 years are as long as that.
    package func record(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (nanoseconds, overflows) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        recordNanoseconds(overflows ? .max : nanoseconds.addingClamped(attoseconds / 1_000_000_000))
    }
}
