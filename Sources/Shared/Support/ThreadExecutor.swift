import Foundation
import Synchronization

/// A serial executor on a thread of its own: for an actor whose work blocks (libpq), or must not wait for others' work.
///
/// Libraries' queues are no choice here: `DispatchSerialQueue` does not exist on Linux, and the shared pool has one thread per
/// core. The thread ends when the executor is released.
package final class ThreadExecutor: SerialExecutor {
    private let inbox: Inbox

    package init(name: String) {
        let inbox = Inbox()
        self.inbox = inbox
        let thread = Thread { inbox.work() }
        thread.name = name
        thread.start()
    }

    deinit { inbox.close() }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = unsafe asUnownedSerialExecutor()
        // unsafe: a job keeps its actor, and so this executor, alive until it has run.
        inbox.add { unsafe job.runSynchronously(on: executor) }
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        // unsafe: an actor that names this executor holds it strongly, so it outlives the reference.
        unsafe UnownedSerialExecutor(ordinary: self)
    }

    /// What the thread shares with everybody: it must not hold the executor, or that would never be released.
    private final class Inbox: Sendable {
        private struct State {
            var jobs: [@Sendable () -> Void] = []
            var isClosed = false
        }

        private let state = Mutex(State())
        private let condition = NSCondition()

        func add(_ job: @escaping @Sendable () -> Void) {
            state.withLock { $0.jobs.append(job) }
            wake()
        }

        func close() {
            state.withLock { $0.isClosed = true }
            wake()
        }

        private func wake() {
            condition.lock()
            condition.signal()
            condition.unlock()
        }

        func work() {
            while true {
                condition.lock()
                while state.withLock({ $0.jobs.isEmpty && !$0.isClosed }) { condition.wait() }
                condition.unlock()
                let (jobs, isClosed) = state.withLock { state in
                    defer { state.jobs = [] }
                    return (state.jobs, state.isClosed)
                }
                for job in jobs { job() }
                if isClosed && jobs.isEmpty { return }
            }
        }
    }
}
