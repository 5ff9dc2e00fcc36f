import NIOCore
import NIOPosix
import Shared
import Synchronization

/// Waits without a thread of the shared pool: `Task.sleep` ends on one, and so is late when all of them compute.
///
/// One waiter at a time. The timer is an event loop's, which resumes the waiter on its own executor.
final class EventLoopTimer: Sendable {
    private struct State {
        var isStopped = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Returns after `duration`, or when stopped.
    func wait(_ duration: Duration) async {
        await withCheckedContinuation { continuation in
            let isStopped = state.withLock { state in
                if !state.isStopped { state.waiter = continuation }
                return state.isStopped
            }
            guard !isStopped else { return continuation.resume() }
            MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: .milliseconds(duration.milliseconds)) {
                self.ring()
            }
        }
    }

    /// Ends the wait under way and all later ones.
    func stop() {
        state.withLock { $0.isStopped = true }
        ring()
    }

    private func ring() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
