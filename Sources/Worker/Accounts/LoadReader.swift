import Logging
import ServiceLifecycle
import Shared

/// Looks after what this worker and Redis know of the accounts' loads.
///
/// Every quarter of a second: settlements that nothing has taken along go out; and what runs on all accounts is counted, one round trip, while
/// requests come whose strategy looks at it (`AccountLoads`).
struct LoadReader: Service {
    let redis: RedisClient
    let keys: PoolKeys
    let limiter: AccountLimiter
    let catalog: LiveCatalog
    let logger: Logger

    private static let interval = Duration.milliseconds(250)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await limiter.flush()
                if limiter.loads.areWanted { await read() }
                do { try await Task.sleep(for: Self.interval) } catch { return }
            }
        }
        // What the last jobs gave back must not wait for the end of its lease.
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
            logger.debug("loads are not read for now", metadata: ["error": "\(error)"])
        }
    }
}
