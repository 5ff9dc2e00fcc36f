import Logging
import ServiceLifecycle
import Shared

/// Counts what runs on all accounts, for strategies that look at it; only while such requests come.
///
/// In: the slots in Redis, one round trip. Out: `AccountLoads`, at most a quarter of a second old.
struct LoadReader: Service {
    let redis: RedisClient
    let keys: PoolKeys
    let loads: AccountLoads
    let catalog: CatalogCache
    let logger: Logger

    private static let interval = Duration.milliseconds(250)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                if loads.areWanted { await read() }
                do { try await Task.sleep(for: Self.interval) } catch { return }
            }
        }
    }

    private func read() async {
        let accounts = catalog.current.accounts.filter { $0.status == .active }.map(\.id)
        loads.keep(Set(accounts))
        do throws(RedisError) {
            let counts = try await redis.pipeline(
                accounts.map { RedisCommand("ZCARD", .string(keys.slots($0))) })
            for (account, count) in zip(accounts, counts) { loads.set(account, inFlight: Int(count.int ?? 0)) }
        } catch {
            logger.debug("loads are not read for now", metadata: ["error": "\(error)"])
        }
    }
}
