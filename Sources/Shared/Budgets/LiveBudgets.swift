package import Logging
import ServiceLifecycle
import Synchronization

/// The budgets that are used up, in this process' memory, as the elected worker publishes them.
///
/// Reading never waits. Where Redis or PostgreSQL is away the last word counts: what is spent meanwhile refuses nobody,
/// and a budget that was used up refuses until its period ends.
package final class LiveBudgets: Service, Sendable {
    /// Chosen: how late a message that was lost is made up for.
    private static let interval = Duration.seconds(5)
    private static let patience = Duration.seconds(1)

    private let redis: RedisClient
    private let keys: PoolKeys
    private let clock: any WallClock
    private let logger: Logger
    private let latest = Mutex(SpentBudgets())

    /// `redis` is at the accounts' keys.
    package init(redis: RedisClient, keys: PoolKeys, clock: any WallClock = SystemWallClock(), logger: Logger) {
        (self.redis, self.keys, self.clock, self.logger) = (redis, keys, clock, logger)
    }

    /// False where there is no budget at all.
    package var areSet: Bool { latest.withLock { $0.count > 0 } }

    /// The budget for which a request is refused now, or `nil`.
    package func refusal(tenant: String, user: String?) -> SpentBudgets.Refusal? {
        latest.withLock { $0 }.refusal(tenant: tenant, user: user, at: clock.now)
    }

    /// Takes a message of `PoolKeys.budgetChannel`.
    package func received(_ payload: [UInt8]) {
        guard let said = SpentBudgets(decoding: payload) else {
            logger.warning("a message about budgets cannot be read")
            return
        }
        latest.withLock { if said.isNewer(than: $0) { $0 = said } }
    }

    /// Looks at the copy in Redis, since messages may have been lost.
    package func look() async {
        do throws(RedisError) {
            let reply = try await redis.send(RedisCommand("GET", .string(keys.budgets)), timeout: Self.patience)
            if let bytes = reply.bytes { received(bytes) }
        } catch {
            logger.debug("budgets are looked at later", metadata: [LogKey.error: "\(error)"])
        }
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in every(Self.interval) { await self.look() }
        }
    }
}
