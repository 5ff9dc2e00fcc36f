import Logging
import ServiceLifecycle
import Shared

/// Renews the leases of all running jobs of a shard and the worker's heartbeat there, three times per lease.
///
/// An actor on a thread of its own with a connection of its own, so that heavy work on the shared pool cannot starve it
/// (the rivals' "job stalled" on merely slow calls). A job whose lease is lost is cancelled and gives itself up.
actor LeaseKeeper: Service {
    private let executor: ThreadExecutor
    // unsafe: the reference is unowned, and the actor holds the executor for as long as it lives.
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    private let queue: JobQueue
    private let running: RunningJobs
    private let heartbeat: WorkerHeartbeat
    private let logger: Logger

    init(queue: JobQueue, running: RunningJobs, heartbeat: WorkerHeartbeat, logger: Logger) {
        executor = ThreadExecutor(name: "lease-keeper")
        self.queue = queue
        self.running = running
        self.heartbeat = heartbeat
        self.logger = logger
    }

    /// Runs until graceful shutdown, which reaches this service only after the ones that run jobs have ended.
    func run() async throws {
        let alarm = EventLoopTimer()
        await withTaskCancellationOrGracefulShutdownHandler {
            await keepLeases(alarm)
        } onCancelOrGracefulShutdown: {
            alarm.stop()
        }
    }

    private func keepLeases(_ alarm: EventLoopTimer) async {
        while !alarm.isStopped {
            do { try await renew() } catch {
                logger.debug("renewal failed, trying again", metadata: [LogKey.error: "\(error)"])
            }
            do { try await heartbeat.show(jobs: running.count) } catch {
                logger.debug("heartbeat failed, trying again", metadata: [LogKey.error: "\(error)"])
            }
            await alarm.wait(queue.limits.lease / 3)
        }
        do { try await heartbeat.remove() } catch {
            logger.debug("heartbeat left to expire", metadata: [LogKey.error: "\(error)"])
        }
    }

    private func renew() async throws(RedisError) {
        let lost = try await running.renewed { attempts throws(RedisError) in
            if !attempts.isEmpty { FaultPoint.renewing.reached() }
            let lost = try await queue.renew(attempts)
            if !attempts.isEmpty { FaultPoint.renewed.reached() }
            return lost
        }
        for attempt in lost {
            logger.warning("lease lost", metadata: [LogKey.job: "\(attempt.id)", LogKey.attempt: "\(attempt.number)"])
        }
    }
}
