import NIOCore
package import NIOPosix

/// The event loops of a process.
///
/// With one, all tasks run on it too (`LoopExecutor`), and a second core is used by a second process. With several,
/// tasks run on Swift's pool, since a task that follows its connection from loop to loop would cross threads as well.
package struct Loops: Sendable {
    package let group: MultiThreadedEventLoopGroup
    private let executor: LoopExecutor?

    /// 0 is one per core.
    package init(_ count: Int) {
        let count = count == 0 ? System.coreCount : count
        group = MultiThreadedEventLoopGroup(numberOfThreads: count)
        executor = count == 1 ? LoopExecutor(group.next()) : nil
    }

    #if DEBUG
        /// One, and `watchdog` tells what holds it up.
        init(_ watchdog: LoopWatchdog) {
            group = MultiThreadedEventLoopGroup(numberOfThreads: 1, metricsDelegate: watchdog)
            group.next().execute { watchdog.start() }
            executor = LoopExecutor(group.next(), watchdog: watchdog)
        }
    #endif

    /// Runs what resumes tasks, from another thread: in one turn of their loop, where they all run on one.
    package func resume(_ work: @escaping @Sendable () -> Void) {
        if executor == nil { work() } else { group.next().execute(work) }
    }

    /// Runs `body` and all tasks that it starts, but for unstructured ones.
    package func run<Value, Failure>(_ body: () async throws(Failure) -> Value) async throws(Failure) -> Value {
        try await withTaskExecutorPreference(executor, operation: body)
    }
}

/// A request or an answer above this many bytes is computed on Swift's pool.
///
/// Chosen: reading it takes less than a millisecond, about what changing the thread twice may cost under load.
package let largestOnLoop = 64 * 1024

/// Runs `work` on Swift's pool where `isLong`, so that an event loop that runs its caller goes on meanwhile.
///
/// Inlined, and the rest is not: what may be awaited takes room in the caller's frame, whether it is awaited or not.
@inlinable
package func onPool<Value, Failure>(
    if isLong: Bool, _ work: () async throws(Failure) -> Value
) async throws(Failure) -> Value {
    guard isLong else { return try await work() }
    return try await onPool(work)
}

/// The same for work that only computes, which is no suspension where it is short.
@inlinable
package func onPool<Value, Failure>(
    if isLong: Bool, _ work: () throws(Failure) -> Value
) async throws(Failure) -> Value {
    guard isLong else { return try work() }
    return try await onPool(work)
}

@inline(never)
@usableFromInline
func onPool<Value, Failure>(_ work: () async throws(Failure) -> Value) async throws(Failure) -> Value {
    let result = await withTaskExecutorPreference(globalConcurrentExecutor) {
        // A preference alone moves nobody: the next job of the task does, and so on the way back.
        await Task.yield()
        return await Result { () async throws(Failure) in try await work() }
    }
    await Task.yield()
    return try result.get()
}

extension Result {
    fileprivate init(_ body: () async throws(Failure) -> Success) async {
        do throws(Failure) { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
