#if DEBUG
    import CWatchdog
    import NIOCore
    import NIOPosix
    import Synchronization

    /// Names what holds up an event loop, in debug builds.
    ///
    /// A loop is held while it does not look at its connections. Two timers of the system watch for it. When one runs
    /// out, a signal makes the loop's thread note its own stack.
    ///
    /// - One counts the thread's CPU time since the loop last looked. It sees all that computes: tasks, and what NIO
    ///   runs in its channels.
    /// - One counts time from the first job on. It sees jobs that block, too, and those that get no core.
    ///
    /// Both stand still while the loop waits for its connections, so that an idle process is not woken.
    ///
    /// A hold is reported when it is over. One that never ends is not: a debugger shows it.
    final class LoopWatchdog: NIOEventLoopMetricsDelegate {
        /// One time for which the loop did not look at its connections.
        struct Hold: Sendable {
            /// Without the work in channels that came before tasks.
            let duration: Duration
            /// False: it waited for something, or for a core.
            let isComputing: Bool
            /// The functions that ran after `limit`, innermost first, or none if the system looked too late.
            let functions: [String]
        }

        /// Chosen: ten times what a job should take at most (`LoopExecutor`), and less than a caller notices.
        static let limit = Duration.milliseconds(50)

        private let timers = Mutex<LoopTimers?>(nil)
        /// Finding names takes milliseconds, which the loop has not.
        private let reporter = ThreadExecutor(name: "watchdog")
        private let report: @Sendable (Hold) -> Void

        /// Calls `report` on a thread of its own, once a hold.
        init(report: @escaping @Sendable (Hold) -> Void) { self.report = report }

        /// On the loop, first of all.
        func start() {
            timers.withLock { timers in
                timers = LoopTimers()
                _ = timers?.restart(Self.limit)
            }
        }

        /// On the loop, before it runs jobs of tasks.
        func jobsBegin() { timers.withLock { $0?.watchJobs(Self.limit) } }

        /// On the loop, before it looks at its connections.
        func processedTick(info: NIOEventLoopTickInfo) {
            guard let sample = timers.withLock({ $0?.restart(Self.limit) }) else { return }
            let duration = max(Self.limit, .nanoseconds((info.endTime - info.startTime).nanoseconds))
            reporter.run { [report] in
                report(
                    Hold(
                        duration: duration, isComputing: sample.left < Self.limit / 2,
                        functions: StackNames.functions(sample.frames)))
            }
        }
    }

    /// The timers of a loop's thread, and the stack that they have it note.
    ///
    /// Made and used on that thread.
    @safe private struct LoopTimers: ~Copyable {
        private let watchdog: OpaquePointer
        private var isWatchingJobs = false

        /// Nil where the system has no such timers.
        init?() {
            // unsafe: owned from here to `deinit`.
            guard let watchdog = unsafe cwatchdog_create() else { return nil }
            unsafe self.watchdog = watchdog
        }

        deinit {
            // unsafe: the loop held its watchdog, so its thread has ended, or runs this.
            unsafe cwatchdog_delete(watchdog)
        }

        /// Counts from the first call after a `restart`.
        mutating func watchJobs(_ limit: Duration) {
            guard !isWatchingJobs else { return }
            isWatchingJobs = true
            // unsafe: `watchdog` lives as long as this.
            _ = unsafe cwatchdog_jobs(watchdog, Int(limit / .nanoseconds(1)))
        }

        /// Returns the stack that was noted, without the two frames of the signal, and the CPU time that was left.
        ///
        /// Nil where no timer ran out. Under much load the system may not have looked at its CPU timers in time: then
        /// there are no frames.
        mutating func restart(_ limit: Duration) -> (frames: [UInt], left: Duration)? {
            // unsafe: `watchdog` lives as long as this, and with stopped timers no signal changes it meanwhile.
            if isWatchingJobs { _ = unsafe cwatchdog_jobs(watchdog, 0) }
            isWatchingJobs = false
            // 1 ns is left of a timer that has run out without its signal.
            let left = unsafe cwatchdog_computing(watchdog, Int(limit / .nanoseconds(1)))
            guard unsafe cwatchdog_depth(watchdog) > 0 || left <= 1 else { return nil }
            // The handler may have started it.
            _ = unsafe cwatchdog_jobs(watchdog, 0)
            var frames = [UInt](repeating: 0, count: Int(CWATCHDOG_MOST_FRAMES))
            let depth = unsafe cwatchdog_take(watchdog, &frames, CWATCHDOG_MOST_FRAMES)
            frames = Array(frames.prefix(Int(depth)).dropFirst(2))
            return (frames, .nanoseconds(left))
        }
    }
#endif
