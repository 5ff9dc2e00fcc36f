import ServiceLifecycle

/// Repeats a loop's body at an interval, until its task is cancelled.
///
///     for await _ in every(.seconds(1)) { look() }
///
/// The first turn begins after `delay`, each later one `interval` after the end of the turn before.
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
    /// `nil` where the next turn begins at once.
    private var delay: Duration?

    init(interval: Duration, delay: Duration) {
        self.interval = interval
        self.delay = delay > .zero ? delay : nil
    }

    package func makeAsyncIterator() -> Turns { self }

    package mutating func next(isolation actor: isolated (any Actor)?) async -> Void? {
        // Also for no time at all, so that a loop without an interval lets other tasks run.
        if let delay {
            do { try await EventLoopTimer.sleep(for: delay) } catch { return nil }
        }
        delay = interval
        return Task.isCancelled ? nil : ()
    }

    package mutating func next() async -> Void? { await next(isolation: #isolation) }
}

extension Task where Success == Never, Failure == Never {
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
