/// The time for which deltas of one stream are gathered before one write.
///
/// The first delta of a stream is written at once. All later windows of a process end at the same moments, so that the
/// deltas of all its streams share one call of Redis and one message per shim: the cost is that of a moment, not of a
/// token. A reader sees no stutter below the window's 20 ms, and hardly one at 80 ms.
package struct CoalescingWindow: Sendable, Equatable {
    package var length = Duration.milliseconds(20)
    /// From so many exchanges on, the sockets of streams are read at the end of a window only.
    ///
    /// Reading each as bytes come costs a wake-up per token, which few streams can afford: their ends come at once.
    package var crowd = 8
    /// From so many streams on a window is twice as long, and from four times as many four times.
    ///
    /// Chosen: two or four tokens of a usual model share the cost of one, before a core is full with them.
    package var throng = 128

    package init() {}

    /// Moments are counted from here.
    private static let origin = ContinuousClock.now

    /// End of the window that runs at `now` while so many streams are open, or `nil` without windows.
    package func end(after now: ContinuousClock.Instant, streams: Int) -> ContinuousClock.Instant? {
        guard length > .zero else { return nil }
        let length = length * (streams < throng ? 1 : streams / 4 < throng ? 2 : 4)
        let passed = now - Self.origin
        return Self.origin + length * (Int(passed / length) + 1)
    }
}
