import Logging
import ServiceLifecycle
import Shared

/// Sends left-over settlements, and reads the loads of accounts.
///
/// Every quarter of a second settlements go out that no reservation took along. While requests come whose strategy
/// looks at loads, what runs on all accounts is counted as well, in one round trip (`AccountLoads`).
struct LoadReader: Service {
    let redis: RedisClient
    let keys: PoolKeys
    let limiter: AccountLimiter
    let catalog: LiveCatalog
    let pace: IdlePace
    let logger: Logger

    /// Chosen: how late another worker learns that an account is free.
    static let interval = Duration.milliseconds(250)

    func run() async throws {
        repeat {
            await limiter.flush()
            if limiter.loads.areWanted { await read() }
        } while await Task.pause(forTurn: pace.interval)
        // Capacity that the last jobs gave back must not wait for the end of its lease.
        await limiter.flush()
    }

    private func read() async {
        let accounts = catalog.current.accounts.filter { $0.status == .active }.map(\.id)
        limiter.loads.keep(Set(accounts))
        do throws(RedisError) {
            let counts = try await redis.pipeline(
                accounts.map { RedisCommand("ZCARD", .string(keys.slots($0))) })
            for (account, count) in zip(accounts, counts) { limiter.loads.set(account, inFlight: Int(count.int ?? 0)) }
        } catch {
            logger.debug("loads are not read for now", metadata: [LogKey.error: "\(error)"])
        }
    }
}
