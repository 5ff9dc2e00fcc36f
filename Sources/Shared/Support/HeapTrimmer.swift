import CMalloc
import Foundation
import ServiceLifecycle

/// Gives unused memory back to the system, so that a process that has warmed up keeps its size.
///
/// glibc keeps freed memory in a heap of its own for each thread, up to eight per core, and other threads cannot use
/// it. One busy moment therefore stays visible for ever: over a million jobs workers grew by up to 13 % after the first
/// hundred thousand. A `MALLOC_ARENA_MAX` in the environment takes precedence.
package struct HeapTrimmer: Service {
    private let interval: Duration

    /// An interval of zero never trims.
    package init(every interval: Duration) { self.interval = interval }

    /// Keeps as many heaps as there are cores.
    ///
    /// To be called first thing in a process, before it has many threads.
    package static func limitHeaps() {
        guard ProcessInfo.processInfo.environment["MALLOC_ARENA_MAX"] == nil else { return }
        _ = mallopt(M_ARENA_MAX, Int32(max(2, ProcessInfo.processInfo.activeProcessorCount)))
    }

    package func run() async throws {
        guard interval > .zero else { return try await gracefulShutdown() }
        await cancelWhenGracefulShutdown {
            for await _ in every(interval, after: interval) {
                // Walks some 30 MB in a millisecond or two, too short for a thread of its own.
                _ = malloc_trim(0)
            }
        }
    }
}
