import DequeModule
package import NIOCore
import Synchronization

/// Runs tasks on an event loop, so that waiting for the loop's connections costs no change of thread.
///
/// A task that awaits Redis on Swift's pool is resumed by a loop, wakes a thread of the pool, and wakes the loop again
/// with its next command. On the loop itself all three are calls. Jobs run in the order in which they were enqueued,
/// in one turn of the loop where they come together: what they send is then written together.
///
/// A job must not block and should compute for a few milliseconds at most: meanwhile the loop's connections wait, lease
/// renewals among them. `onPool` is for the others.
package final class LoopExecutor: TaskExecutor {
    private struct Queue {
        var jobs = Deque<UnownedJob>()
        var isScheduled = false
    }

    private let loop: any EventLoop
    private let queue = Mutex(Queue())

    package init(_ loop: any EventLoop) { self.loop = loop }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isFirst = queue.withLock { queue in
            queue.jobs.append(job)
            defer { queue.isScheduled = true }
            return !queue.isScheduled
        }
        if isFirst { loop.execute { self.run() } }
    }

    /// On the event loop: the jobs there are.
    ///
    /// Those that they enqueue have a turn of their own, with the loop's other work between.
    private func run() {
        // unsafe: the loop's own reference to this executor, in the closure that runs now, outlives the jobs.
        let executor = unsafe asUnownedTaskExecutor()
        let jobs = queue.withLock { queue in
            defer { queue.jobs = [] }
            return queue.jobs
        }
        for job in jobs { unsafe job.runSynchronously(on: executor) }
        let hasMore = queue.withLock { queue in
            queue.isScheduled = !queue.jobs.isEmpty
            return queue.isScheduled
        }
        if hasMore { loop.execute { self.run() } }
    }
}
