package import Logging
import Synchronization

/// Reads which budgets are used up, and tells all processes.
///
/// The elected worker looks all the time. Whoever changes a budget tells at once. Any number may: each has read the
/// same tables, and the elected worker finds within its interval what it has not told itself.
package final class BudgetPublisher: Sendable {
    /// Chosen: what no worker has told for so long is not known any more.
    private static let life = Duration.seconds(3600)
    /// Chosen: a Redis that lost its data knows of budgets again after this.
    private static let renewal = Duration.seconds(2)
    /// Bytes of the copy in which it says when it was made.
    private static let head = 40
    private static let patience = Duration.seconds(1)

    private let store: BudgetStore
    private let redis: RedisClient
    private let keys: PoolKeys
    private let logger: Logger
    private struct Told {
        let budgets: SpentBudgets
        let head: [UInt8]
        let ends: ContinuousClock.Instant
        var seen = ContinuousClock.now
    }

    private let told = Mutex<Told?>(nil)

    /// `redis` is at the accounts' keys.
    package init(store: BudgetStore, redis: RedisClient, keys: PoolKeys, logger: Logger) {
        (self.store, self.redis, self.keys, self.logger) = (store, redis, keys, logger)
    }

    /// Tells what has changed since this was last called, or all where Redis does not have it any more.
    ///
    /// Returns `false` where it could not.
    @discardableResult
    package func look() async -> Bool {
        do {
            try await tellNews()
            return true
        } catch {
            logger.debug("budgets are told of later", metadata: [LogKey.error: "\(error)"])
            return false
        }
    }

    private func tellNews() async throws {
        let now = try await store.spent()
        guard let last = told.withLock({ $0 }), last.budgets.says(the: now), last.ends > .now + Self.life / 2 else {
            return try await tell(now)
        }
        guard last.seen + Self.renewal <= .now else { return }
        let copy = try await redis.send(
            RedisCommand("GETRANGE", .string(keys.budgets), .int(0), .int(Self.head - 1)), timeout: Self.patience)
        guard copy.bytes == last.head else { return try await tell(now) }
        told.withLock { $0?.seen = .now }
    }

    private func tell(_ budgets: SpentBudgets) async throws(RedisError) {
        let bytes = budgets.encoded
        let replies = try await redis.pipeline(
            [
                RedisCommand("SET", .string(keys.budgets), .bytes(bytes), "PX", .int(Self.life.milliseconds)),
                RedisCommand("PUBLISH", .string(keys.budgetChannel), .bytes(bytes)),
            ], timeout: Self.patience)
        for reply in replies { try reply.throwIfError() }
        told.withLock {
            $0 = Told(budgets: budgets, head: Array(bytes.prefix(Self.head)), ends: .now + Self.life)
        }
    }
}
