import HTTPTypes
import Hummingbird
import Shared

/// `GET /api/v1/status/health`: the service, what it depends on, every account with the reason where something is wrong.
///
/// 200, or 503 where no request could be answered. Holds no key and no text of any platform.
struct StatusRoutes: Sendable {
    /// At the accounts' keys.
    let redis: RedisClient
    let queues: JobQueues
    let pool: PoolKeys
    let models: any ModelLookup
    /// `nil` where PostgreSQL answers, else what is wrong.
    let database: @Sendable () async -> String?
    let clock: any WallClock

    func add(to table: inout RouteTable) {
        table.on(.get, "/api/v1/status/health") { _, _ in await health() }
    }

    private func health() async -> Response {
        let now = clock.now
        let accounts = models.catalog?.accounts ?? []
        do throws(RedisError) {
            let readings = try await PoolReader(redis: redis, keys: pool).read(accounts, now: now)
            var (workers, rooms, servers) = ([Int](), [JobQueue.Room](), [RedisDurability]())
            for queue in queues.all {
                workers.append(try await queue.liveWorkers())
                rooms += try await queue.rooms()
                servers.append(try await RedisDurability.read(from: queue.redis))
            }
            let report = PoolReport(
                readings, workers: workers.min() ?? 0, rooms: rooms, database: await database(),
                hasCatalog: models.catalog != nil, durability: RedisDurability(servers), now: now)
            return .json(report.json, status: report.status == .unavailable ? .serviceUnavailable : .ok)
        } catch {
            return .json(
                [
                    "status": "unavailable",
                    "dependencies": ["redis": ["status": "unavailable", "reason": "cannot be reached"]],
                ],
                status: .serviceUnavailable)
        }
    }
}
