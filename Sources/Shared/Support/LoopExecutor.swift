import DequeModule
import NIOCore
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

    #if DEBUG
        private let watchdog: LoopWatchdog?

        init(_ loop: any EventLoop, watchdog: LoopWatchdog? = nil) {
            self.loop = loop
            self.watchdog = watchdog
        }
    #else
        init(_ loop: any EventLoop) { self.loop = loop }
    #endif

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isFirst = queue.withLock { queue in
            queue.jobs.append(job)
            defer { queue.isScheduled = true }
            return !queue.isScheduled
        }
        if isFirst { loop.execute { self.run() } }
    }

    /// Jobs in a row before the loop looks at its connections again.
    ///
    /// Chosen: some milliseconds at the end of a window with many streams.
    private static let mostInRow = 256
    /// NIO runs what is due before it looks at its connections, so the rest must be due a little later.
    private static let breath = TimeAmount.microseconds(20)

    /// On the event loop: the jobs there are, up to `mostInRow`.
    ///
    /// Those that they enqueue come after them.
    private func run() {
        #if DEBUG
            watchdog?.jobsBegin()
        #endif
        // unsafe: the loop's own reference to this executor, in the closure that runs now, outlives the jobs.
        let executor = unsafe asUnownedTaskExecutor()
        let jobs = queue.withLock { queue in
            guard queue.jobs.count > Self.mostInRow else {
                defer { queue.jobs = [] }
                return queue.jobs
            }
            defer { queue.jobs.removeFirst(Self.mostInRow) }
            return Deque(queue.jobs.prefix(Self.mostInRow))
        }
        for job in jobs { unsafe job.runSynchronously(on: executor) }
        let hasMore = queue.withLock { queue in
            queue.isScheduled = !queue.jobs.isEmpty
            return queue.isScheduled
        }
        guard hasMore else { return }
        if jobs.count < Self.mostInRow {
            loop.execute { self.run() }
        } else {
            loop.scheduleTask(in: Self.breath) { self.run() }
        }
    }
}
