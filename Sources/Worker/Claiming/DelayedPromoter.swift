import Logging
import ServiceLifecycle
import Shared

/// Puts waiting requests back into their lanes when their time has come, and sweeps up idle consumers now and then.
///
/// Every worker runs one; a request is promoted once, whoever is first (`PROMOTE` is atomic per request).
struct DelayedPromoter: Service {
    let queue: JobQueue
    let configuration: WorkerConfig
    let logger: Logger

    func run() async throws {
        var nextSweep = ContinuousClock.now
        while !Task.isShuttingDownGracefully {
            do {
                // A full page means that more is due: go on at once.
                while try await queue.promote(limit: configuration.promoteBatch) == configuration.promoteBatch {}
                if ContinuousClock.now >= nextSweep {
                    nextSweep = .now + configuration.consumerSweep
                    try await queue.forgetConsumers(idle: configuration.consumerIdle)
                }
            } catch {
                logger.debug("promotion failed, trying again", metadata: ["error": "\(error)"])
            }
            do {
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: configuration.promoteInterval) }
            } catch { return }
        }
    }
}
