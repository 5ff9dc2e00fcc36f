import NIOCore
import NIOPosix
import Synchronization

/// Waits by a timer of an event loop, which resumes the waiter on its own executor.
///
/// `Task.sleep` wakes a thread of Swift's pool for it, and is late when all of them compute. On Linux it may never end:
/// libdispatch has been seen with an expired timer of the continuous clock that it never looked at again, and with it
/// every sleep of the process was dead (Swift 6.3.1, November 2026). A task that runs on a loop waits by that loop's
/// own timer, which wakes nobody else. One waiter at a time.
package final class EventLoopTimer: Sendable {
    private struct State {
        var isStopped = false
        var waiter: CheckedContinuation<Void, Never>?
        var timer: Scheduled<Void>?
    }

    private let state = Mutex(State())

    package init() {}

    package var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Returns after `duration`, or when stopped.
    package func wait(_ duration: Duration) async {
        let loop = MultiThreadedEventLoopGroup.currentEventLoop ?? MultiThreadedEventLoopGroup.singleton.any()
        await withCheckedContinuation { continuation in
            let isStopped = state.withLock { state in
                guard !state.isStopped else { return true }
                state.waiter = continuation
                state.timer = loop.scheduleTask(in: TimeAmount(duration)) { self.ring() }
                return false
            }
            if isStopped { continuation.resume() }
        }
    }

    /// Returns after `duration`, in place of `Task.sleep`.
    package static func sleep(for duration: Duration) async throws(CancellationError) {
        let timer = EventLoopTimer()
        await withTaskCancellationHandler {
            await timer.wait(duration)
        } onCancel: {
            timer.stop()
        }
        if Task.isCancelled { throw CancellationError() }
    }

    /// Ends the wait under way and all later ones.
    package func stop() {
        state.withLock { $0.isStopped = true }
        ring()
    }

    private func ring() {
        let (waiter, timer) = state.withLock { state in
            defer { (state.waiter, state.timer) = (nil, nil) }
            return (state.waiter, state.timer)
        }
        timer?.cancel()
        waiter?.resume()
    }
}
