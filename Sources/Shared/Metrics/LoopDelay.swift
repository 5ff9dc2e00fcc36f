import CoreMetrics
package import NIOCore

/// Measures how late event loops are: what comes in meanwhile waits as long.
///
/// Each look sets a timer on each loop, which notes how late it rings.
package struct LoopDelay: Sendable {
    /// Between two looks.
    ///
    /// Chosen: an hour has 14,400 of them, and a wake costs some microseconds.
    package static let interval = Duration.milliseconds(250)
    /// Long enough for the loop to have slept meanwhile.
    private static let ahead = TimeAmount.milliseconds(10)

    private let loops: [any EventLoop]
    private let timer: Timer

    package init(_ group: any EventLoopGroup, _ registry: MetricsRegistry) {
        loops = Array(group.makeIterator())
        timer = registry.timer(.loopDelay)
    }

    package func look() {
        for loop in loops {
            let due = NIODeadline.now() + Self.ahead
            loop.scheduleTask(deadline: due) { [timer] in
                timer.recordNanoseconds((NIODeadline.now() - due).nanoseconds)
            }
        }
    }
}
