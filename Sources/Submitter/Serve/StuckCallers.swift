import ServiceLifecycle
import Shared

/// Disconnects callers that take no bytes, and ends the wait for those that send theirs too slowly.
struct StuckCallers: Service {
    let connections: CallerConnections
    let timeouts: CallerTimeouts

    func run() async throws {
        let (writing, reading) = (timeouts.writing, timeouts.body)
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await Task.sleep(for: min(writing / 4, reading / 4, .seconds(1))) } catch { return }
                connections.closeStuck(writing: writing, reading: reading)
            }
        }
    }
}
