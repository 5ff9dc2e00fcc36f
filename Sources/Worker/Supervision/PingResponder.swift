import Logging
import ServiceLifecycle
import Shared

/// Tries accounts on request, and returns what their platforms answered.
///
/// In: pings, one after the other from Redis. Out: an answer each. The account is read from PostgreSQL, so that a key
/// that was changed a moment ago is the one that is tried. While PostgreSQL is away it comes from the catalogue in
/// memory.
struct PingResponder: Service {
    /// Blocks.
    let inbox: AccountPings
    let outbox: AccountPings
    let store: CatalogStore
    let catalog: LiveCatalog
    let platforms: PlatformCaller
    let clock: any WallClock
    let logger: Logger

    /// Short, so that shutdown is noticed between two reads.
    private static let block = Duration.milliseconds(500)
    /// After Redis could not be read.
    private static let pause = Duration.milliseconds(500)

    func run() async throws {
        await withDiscardingTaskGroup { group in
            while !Task.isShuttingDownGracefully, !Task.isCancelled {
                do throws(RedisError) {
                    guard let ping = try await inbox.next(block: Self.block) else { continue }
                    group.addTask { await answer(ping) }
                } catch {
                    guard await Task.pause(for: Self.pause) else { return }
                }
            }
        }
    }

    private func answer(_ ping: AccountPings.Ping) async {
        let timeLeft = Duration.milliseconds(ping.until - clock.now)
        // Nobody waits for it any more.
        guard timeLeft > .zero else { return }
        let answer = await answer(account: ping.account, timeLeft)
        do throws(RedisError) { try await outbox.answer(ping, answer) } catch {
            logger.debug("a ping's answer is lost", metadata: [LogKey.error: "\(error)"])
        }
    }

    private func answer(account id: String, _ timeLeft: Duration) async -> JSON {
        let catalog = await freshCatalog()
        guard let account = catalog.accounts.first(where: { $0.id == id }) else {
            return [
                "ok": false, "ms": 0,
                "error": ["kind": "unknown_account", "message": "the worker has no such account"],
            ]
        }
        let began = clock.now
        do throws(JobFailure) {
            try await platforms.ping(
                Route(model: catalog.probeModel(for: account), account: account), timeLeft: timeLeft)
            return ["ok": true, "ms": .number(JSONNumber(clock.now - began))]
        } catch {
            return [
                "ok": false, "ms": .number(JSONNumber(clock.now - began)),
                "error": ["kind": .string(error.kind.rawValue), "message": .string(error.message)],
            ]
        }
    }

    private func freshCatalog() async -> CatalogSnapshot {
        do throws(PostgresError) { return try await store.load() } catch { return catalog.current }
    }
}
