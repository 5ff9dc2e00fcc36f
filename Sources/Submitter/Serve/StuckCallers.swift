import CoreMetrics
import ServiceLifecycle
import Shared

/// Disconnects callers that take no bytes, and ends the wait for those that send theirs too slowly.
struct StuckCallers: Service {
    let connections: CallerConnections
    let timeouts: CallerTimeouts
    /// Counts the former.
    let stuck: Counter

    func run() async throws {
        let (writing, reading) = (timeouts.writing, timeouts.body)
        let interval = min(writing / 4, reading / 4, .seconds(1))
        await cancelWhenGracefulShutdown {
            for await _ in every(interval, after: interval) {
                stuck.increment(by: connections.closeStuck(writing: writing, reading: reading))
            }
        }
    }
}
