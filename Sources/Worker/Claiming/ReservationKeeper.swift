import Logging
import ServiceLifecycle
import Shared

/// Renews the reservations that running jobs hold, three times per lease.
///
/// Apart from `LeaseKeeper`: in a cluster another node has these keys, and one that is away must not hold up the jobs'
/// leases. It has a thread of its own, too.
actor ReservationKeeper: Service {
    private let executor: ThreadExecutor
    // unsafe: the reference is unowned, and the actor holds the executor for as long as it lives.
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    private let limiter: AccountLimiter
    private let redis: RedisClient
    private let lease: Duration
    private let logger: Logger

    init(
        limiter: AccountLimiter, redis: RedisClient, lease: Duration, logger: Logger
    ) {
        executor = ThreadExecutor(name: "capacity")
        self.limiter = limiter
        self.redis = redis
        self.lease = lease
        self.logger = logger
    }

    /// Runs until graceful shutdown, which reaches this service only after the ones that run jobs have ended.
    func run() async throws {
        let alarm = EventLoopTimer()
        await withTaskCancellationOrGracefulShutdownHandler {
            await keep(alarm)
        } onCancelOrGracefulShutdown: {
            alarm.stop()
        }
    }

    private func keep(_ alarm: EventLoopTimer) async {
        while !alarm.isStopped {
            do { try await limiter.renew(over: redis) } catch {
                logger.debug("renewal failed, trying again", metadata: [LogKey.error: "\(error)"])
            }
            await alarm.wait(lease / 3)
        }
    }
}
