import Shared

/// Reads the figures of the whole service, in a few round trips a shard.
struct FiguresReader: Sendable {
    let queues: JobQueues
    /// At the accounts' keys.
    let redis: RedisClient
    let pool: PoolKeys
    let models: any ModelLookup
    let database: @Sendable () async -> String?
    let clock: any WallClock

    func read() async throws(RedisError) -> ServiceFigures {
        let now = clock.now
        var shards: [QueueFigures.Shard] = []
        for queue in queues.all { shards.append(try await read(queue)) }
        let readings = try await PoolReader(redis: redis, keys: pool).read(models.catalog?.accounts ?? [], now: now)
        let waiting = AccountFigures.waiting(in: shards.flatMap(\.rooms))
        return ServiceFigures(
            at: now, queue: QueueFigures(shards),
            accounts: readings.map { AccountFigures($0, waiting: waiting[$0.account.id] ?? 0, at: now) },
            database: await database())
    }

    private func read(_ queue: JobQueue) async throws(RedisError) -> QueueFigures.Shard {
        let overview = try await queue.overview()
        let cards = try await queue.cards(of: overview.workers)
        return QueueFigures.Shard(
            overview: overview, rooms: try await queue.rooms(),
            cards: Dictionary(zip(overview.workers, cards)) { first, _ in first })
    }
}
