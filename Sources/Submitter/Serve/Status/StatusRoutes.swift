import HTTPTypes
import Hummingbird
import Shared

/// Answers `GET /api/v1/status/health`: the service, its dependencies, and every account with its state and the reason.
///
/// 200, or 503 where no request could be answered. Shows no key and no text of any platform.
struct StatusRoutes: Sendable {
    /// At the accounts' keys.
    let redis: RedisClient
    let queues: JobQueues
    let pool: PoolKeys
    let models: any ModelLookup
    /// The problem with PostgreSQL, or `nil` where it answers.
    let database: @Sendable () async -> String?
    let clock: any WallClock

    func health(_ request: Request, _ context: ShimContext) async -> Response {
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
