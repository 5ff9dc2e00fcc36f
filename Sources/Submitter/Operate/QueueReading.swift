import Shared

/// Reads the depth of all shards for `submitter queue`.
enum QueueReading {
    /// Four round trips a shard.
    static func read(_ queues: JobQueues) async throws(RedisError) -> QueueReport {
        var shards: [QueueReport.Shard] = []
        for queue in queues.all { shards.append(try await read(queue)) }
        return QueueReport(shards: shards)
    }

    private static func read(_ queue: JobQueue) async throws(RedisError) -> QueueReport.Shard {
        let overview = try await queue.overview()
        let rooms = try await queue.rooms()
        let parked = try await queue.parked(in: rooms)
        let cards = try await queue.cards(of: overview.workers)
        return QueueReport.Shard(
            overview: overview, rooms: rooms, parked: parked,
            cards: Dictionary(zip(overview.workers, cards)) { first, _ in first })
    }
}
