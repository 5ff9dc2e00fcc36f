import CMalloc
import Foundation
import ServiceLifecycle

/// Gives memory that nobody uses back to the system, so that a process that has warmed up stays the size it is.
///
/// glibc keeps what was freed, in a heap of its own for each thread and up to eight per core, and what one thread freed is of
/// no use to the others. One busy moment therefore stays visible for ever: over a million jobs workers grew by up to 13 %
/// after the first hundred thousand. Whoever sets glibc's own `MALLOC_ARENA_MAX` keeps it.
package struct HeapTrimmer: Service {
    private let interval: Duration

    /// An interval of zero never trims.
    package init(every interval: Duration) { self.interval = interval }

    /// Keeps as many heaps as there are cores; to be called first thing in a process, before it has many threads.
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
