import Logging
import ServiceLifecycle
import Shared

/// Maintains the backlog of a shard.
///
/// Puts requests back into their lanes when their time has come, sorts the backlog while no worker has a free slot to
/// do it, ends requests whose deadline passed, and removes idle consumers now and then.
///
/// Every worker runs one. Each request is promoted once, since `PROMOTE` is atomic per request.
struct QueueMaintenance: Service {
    let queue: JobQueue
    let reader: ClaimReader
    let settings: MaintenanceSettings
    let pace: IdlePace
    let logger: Logger

    func run() async throws {
        var nextSweep = ContinuousClock.now
        while !Task.isShuttingDownGracefully {
            do {
                // At once, so that all three are one write and one reply while there is nothing to do.
                async let promoted: Void = promote()
                async let ended: Void = endLate()
                async let sorted: Void = sort()
                _ = try await (promoted, ended, sorted)
                if ContinuousClock.now >= nextSweep {
                    nextSweep = .now + settings.consumerSweep
                    try await queue.forgetConsumers(idle: settings.consumerIdle)
                }
            } catch {
                logger.debug("promotion failed, trying again", metadata: [LogKey.error: "\(error)"])
            }
            guard await Task.pause(forTurn: pace.interval) else { return }
        }
    }

    /// A full page means that more is due: it goes on at once.
    private func promote() async throws(RedisError) {
        while try await queue.promote(limit: settings.batch) == settings.batch {}
    }

    private func endLate() async throws(RedisError) {
        while try await endSomeLate() == settings.batch {}
    }

    /// Each call is bounded, and Redis serves others in between: 5,000 requests of a burst are in order after about 50.
    private func sort() async throws(RedisError) {
        for _ in 0..<64 where try await queue.sort(worker: reader.worker) == 0 { return }
    }

    /// Returns how many were found.
    ///
    /// Reading them ends them.
    private func endSomeLate() async throws(RedisError) -> Int {
        let late = try await queue.expired(worker: reader.worker, limit: settings.batch)
        for entry in late {
            // Reached only where workers differ in `JOB_DEADLINE`: another one may still run it.
            guard let claim = try await reader.read(entry) else { continue }
            _ = try await queue.release(claim.attempt, attemptsBefore: claim.job.attemptsBefore)
        }
        return late.count
    }
}
