/// The dead letters of all shards of an installation, as one list.
extension [DeadLetters] {
    package func count() async throws(RedisError) -> Int {
        var count = 0
        for shard in self { count += try await shard.count() }
        return count
    }

    /// Newest first.
    package func list(
        _ filter: DeadLetters.Filter, before: DeadLetterID? = nil, limit: Int
    ) async throws(RedisError) -> [DeadLetter] {
        var found: [DeadLetter] = []
        for shard in self { found += try await shard.list(filter, before: before, limit: limit) }
        return Array<DeadLetter>(found.sorted { $0.id > $1.id }.prefix(limit))
    }

    package func newest() async throws(RedisError) -> DeadLetter? {
        var newest: DeadLetter?
        for shard in self {
            guard let letter = try await shard.newest() else { continue }
            if newest.map({ $0.id < letter.id }) ?? true { newest = letter }
        }
        return newest
    }

    /// The letter and its shard, or `nil` where there is none of this id.
    package func find(_ id: DeadLetterID) async throws(RedisError) -> (shard: DeadLetters, letter: DeadLetter)? {
        guard let shard = first(where: { $0.shard == id.shard }), let letter = try await shard.find(id) else {
            return nil
        }
        return (shard, letter)
    }

    package func ids(_ filter: DeadLetters.Filter) async throws(RedisError) -> [DeadLetterID] {
        var ids: [DeadLetterID] = []
        for shard in self { ids += try await shard.ids(filter) }
        return ids
    }

    package func dropAll(_ filter: DeadLetters.Filter) async throws(RedisError) -> Int {
        var dropped = 0
        for shard in self { dropped += try await shard.dropAll(filter) }
        return dropped
    }
}
