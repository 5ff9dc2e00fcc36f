import Foundation
import Synchronization

/// A serial executor on a thread of its own, for an actor whose work blocks (libpq) or must not wait for others' work.
///
/// `DispatchSerialQueue` does not exist on Linux, and the shared pool has one thread per core. The thread ends when the
/// executor is released.
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

    /// Runs `work` on the thread, after what was given to it before.
    package func run(_ work: @escaping @Sendable () -> Void) { inbox.add(work) }

    /// For `assumeIsolated` within `run`.
    package func checkIsolated() { precondition(inbox.isCurrentThread, "not on the thread of the actor") }

    /// The part that the thread shares with everybody.
    ///
    /// It must not hold the executor, which would never be released then.
    private final class Inbox: Sendable {
        private struct State {
            var jobs: [@Sendable () -> Void] = []
            var isClosed = false
            var thread: pthread_t?
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

        var isCurrentThread: Bool { state.withLock { $0.thread == pthread_self() } }

        func work() {
            state.withLock { $0.thread = pthread_self() }
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
