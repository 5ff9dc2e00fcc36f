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
    /// From so many streams on a window is twice as long, and from 4, 8 and 16 times as many 4, 8 and 16 times.
    ///
    /// Chosen: tokens share the cost of one write before a core is full with writes, of which it makes some 15,000 a
    /// second. 2,048 streams have windows of 320 ms, so that 5,000 fit.
    package var throng = 128

    /// The longest window that there is.
    package var longest: Duration { length * 16 }

    package init() {}

    /// Moments are counted from here.
    private static let origin = ContinuousClock.now

    /// End of the window that runs at `now` while so many streams are open, or `nil` without windows.
    package func end(after now: ContinuousClock.Instant, streams: Int) -> ContinuousClock.Instant? {
        guard length > .zero else { return nil }
        let length = length * factor(streams / throng)
        let passed = now - Self.origin
        return Self.origin + length * (Int(passed / length) + 1)
    }

    private func factor(_ throngs: Int) -> Int {
        switch throngs {
        case 0: 1
        case 1..<4: 2
        case 4..<8: 4
        case 8..<16: 8
        default: 16
        }
    }
}
