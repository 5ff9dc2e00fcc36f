import Logging
import ServiceLifecycle
import Shared
import Synchronization

/// Elects one worker for what must be done once: probes, quotas, alerts.
///
/// A lease in Redis that its holder renews three times before it ends. It is for efficiency only: two leaders for a
/// moment do the same things twice, which every duty allows.
final class LeaderElection: Service, Sendable {
    private let redis: RedisClient
    private let keys: PoolKeys
    private let worker: String
    private let lease: Duration
    private let logger: Logger
    private let until = Mutex<ContinuousClock.Instant?>(nil)

    init(redis: RedisClient, keys: PoolKeys, worker: String, lease: Duration, logger: Logger) {
        self.redis = redis
        self.keys = keys
        self.worker = worker
        self.lease = lease
        self.logger = logger
    }

    var isLeader: Bool { until.withLock { $0.map { $0 > .now } ?? false } }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in every(self.lease / 3) { await self.stand() }
        }
        await resign()
    }

    private func stand() async {
        let asked = ContinuousClock.now
        do throws(RedisError) {
            let reply = try await redis.evaluate(
                Self.elect, keys: [keys.leader], args: [.string(worker), .int(lease.milliseconds)])
            let isElected = reply.int == 1
            if isElected, !isLeader { logger.info("leading: probes, quotas and alerts are done here") }
            until.withLock { $0 = isElected ? asked + lease : nil }
        } catch {
            logger.debug("no election for now", metadata: [LogKey.error: "\(error)"])
        }
    }

    /// The next one need not wait for the lease to end.
    private func resign() async {
        guard isLeader else { return }
        until.withLock { $0 = nil }
        do throws(RedisError) {
            _ = try await redis.evaluate(Self.release, keys: [keys.leader], args: [.string(worker)])
        } catch {
            logger.debug("the lease of the leader is left to end", metadata: [LogKey.error: "\(error)"])
        }
    }

    /// Takes the lease, or renews it.
    ///
    /// KEYS leader. ARGV worker, lease in ms. Returns 1 if this worker leads now.
    private static let elect = RedisScript(
        """
        local holder = redis.call('GET', KEYS[1])
        if holder and holder ~= ARGV[1] then return 0 end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        return 1
        """)

    /// Ends the lease.
    ///
    /// KEYS leader. ARGV worker. Returns 1 if it led.
    private static let release = RedisScript(
        """
        if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
        return 0
        """)
}

extension LeaderElection {
    /// Does `duty` about every `interval` while this worker leads, until shutdown, and first within a second of its
    /// election.
    func repeating(_ interval: Duration, _ duty: @escaping @Sendable () async -> Void) async {
        await cancelWhenGracefulShutdown {
            var due = ContinuousClock.now
            for await _ in every(min(interval, .seconds(1))) {
                if self.isLeader, due <= .now {
                    due = .now + interval
                    await duty()
                }
                if !self.isLeader { due = .now }
            }
        }
    }
}
