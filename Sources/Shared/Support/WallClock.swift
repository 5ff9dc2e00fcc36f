#if canImport(Glibc)
    import Glibc
#endif

/// Milliseconds since 1970: the clock that processes share, for deadlines and ledger times.
///
/// Durations inside one process are measured with `ContinuousClock`, which does not jump.
package protocol WallClock: Sendable {
    var now: Int64 { get }
}

package struct SystemWallClock: WallClock {
    package init() {}

    package var now: Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Nanoseconds since 1970, for spans of traces, which are shorter than a millisecond.
    package static var nanoseconds: Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

extension Duration {
    /// Whole milliseconds, rounded down, or the nearer bound where they do not fit.
    package var milliseconds: Int64 {
        let (seconds, rest) = components
        let (milliseconds, overflows) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflows else { return seconds < 0 ? .min : .max }
        return milliseconds.addingClamped(rest / 1_000_000_000_000_000)
    }

    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
