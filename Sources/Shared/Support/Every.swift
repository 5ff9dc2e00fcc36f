import ServiceLifecycle

/// Repeats a loop's body at an interval, until its task is cancelled.
///
///     for await _ in every(.seconds(1)) { look() }
///
/// The first turn begins after `delay`, each later one about `interval` after the end of the turn before (`TurnGrid`).
/// Graceful shutdown does not end it: a service puts the loop into `cancelWhenGracefulShutdown`, which cancels the turn
/// under way too, or lets each turn finish and waits with `Task.pause(for:)`.
package func every(_ interval: Duration, after delay: Duration = .zero) -> Turns {
    Turns(interval: interval, delay: delay)
}

/// The turns of a loop that `every` paces.
package struct Turns: AsyncSequence, AsyncIteratorProtocol, Sendable {
    package typealias Element = Void
    package typealias Failure = Never

    private let interval: Duration
    private let first: Duration
    private var isLater = false

    init(interval: Duration, delay: Duration) {
        self.interval = interval
        first = delay
    }

    /// `nil` where the next turn begins at once.
    private var delay: Duration? { isLater ? TurnGrid.delay(interval) : first > .zero ? first : nil }

    package func makeAsyncIterator() -> Turns { self }

    package mutating func next(isolation actor: isolated (any Actor)?) async -> Void? {
        // Also for no time at all, so that a loop without an interval lets other tasks run.
        if let delay {
            do { try await EventLoopTimer.sleep(for: delay) } catch { return nil }
        }
        isLater = true
        return Task.isCancelled ? nil : ()
    }

    package mutating func next() async -> Void? { await next(isolation: #isolation) }
}

/// Moments at which the loops of a process look for work, all at the same ones.
///
/// Each wake of an idle process costs far more than the look itself, and what is sent in one turn of the event loop
/// goes to Redis in one write. The moments are a second apart for loops of a second and more, and 250 ms apart for
/// faster ones. Each process chooses an offset for itself, so that the workers of a machine do not come to Redis
/// together.
enum TurnGrid {
    private static let origin = ContinuousClock.now - .seconds(Double.random(in: 0..<1))

    /// Time until the turn after `now`: never longer than the interval, since leases are renewed so, and less than a
    /// step shorter.
    ///
    /// Loops that are faster than the grid keep their own time.
    static func delay(_ interval: Duration, now: ContinuousClock.Instant = .now) -> Duration {
        let step = Duration.milliseconds(interval < .seconds(1) ? 250 : 1000)
        guard interval >= step else { return interval }
        let end = now - origin + interval
        return interval + step * (end / step).rounded(.down) - end
    }
}

extension Task where Success == Never, Failure == Never {
    /// Sleeps until the next turn of a loop with this interval, as `pause(for:)`.
    package static func pause(forTurn interval: Duration) async -> Bool { await pause(for: TurnGrid.delay(interval)) }

    /// Sleeps for `duration`, and returns `true` if the loop that waits may go on.
    ///
    /// `false` once the task is cancelled or its service shuts down gracefully, which both cut the sleep short.
    package static func pause(for duration: Duration) async -> Bool {
        let timer = EventLoopTimer()
        await withTaskCancellationOrGracefulShutdownHandler {
            await timer.wait(duration)
        } onCancelOrGracefulShutdown: {
            timer.stop()
        }
        return !timer.isStopped
    }
}
