/// The dead letters of one shard: to look at, to retry, to drop.
///
/// Every change is one script or one plain command.
///
/// A retry is a request of its own: the log of the old one has ended, ledger rows of its attempts stand under its id,
/// and nothing of that may change. So it gets a new id (its log and its entry name the old one), no attempts and a
/// fresh deadline. It belongs to the same tenant. Its answer is kept like a job's, because no caller waits for it.
package struct DeadLetters: Sendable {
    let queue: JobQueue

    package init(queue: JobQueue) { self.queue = queue }

    package var shard: Int { queue.keys.shard }
    private var redis: RedisClient { queue.redis }
    private var dead: RedisArgument { .string(queue.keys.dead) }

    /// Selects letters by the reason of their death.
    package struct Filter: Sendable {
        package var why: String?
        package init(why: String? = nil) { self.why = why }

        func matches(_ letter: DeadLetter) -> Bool {
            // A reason may be followed by PostgreSQL's words.
            why.map { letter.why == $0 || letter.why.hasPrefix($0 + " (") } ?? true
        }
    }

    package func count() async throws(RedisError) -> Int {
        let reply = try await redis.send(RedisCommand("XLEN", dead))
        return Int(reply.int ?? 0)
    }

    package func find(_ id: DeadLetterID) async throws(RedisError) -> DeadLetter? {
        let reply = try await redis.send(RedisCommand("XRANGE", dead, .string(id.entry), .string(id.entry)))
        return letters(reply).first
    }

    package func newest() async throws(RedisError) -> DeadLetter? {
        let reply = try await redis.send(RedisCommand("XREVRANGE", dead, "+", "-", "COUNT", "1"))
        return letters(reply).first
    }

    /// Letters before `before`, newest first, up to `limit`.
    package func list(
        _ filter: Filter = Filter(), before: DeadLetterID? = nil, limit: Int
    ) async throws(RedisError) -> [DeadLetter] {
        var found: [DeadLetter] = []
        var last = before
        while found.count < limit {
            let page = try await page(before: last)
            found += page.filter(filter.matches)
            guard let end = page.last?.id else { break }
            last = end
        }
        return Array(found.prefix(limit))
    }

    /// The body of its request, wherever it travelled, or its ledger row.
    ///
    /// `nil` where there is none any more.
    package func body(of letter: DeadLetter) async throws(RedisError) -> [UInt8]? {
        if case .outbox = letter.origin { return letter["u"] }
        if let body = letter["req"] { return body }
        guard let id = letter["id"].map({ String(decoding: $0, as: UTF8.self) }), JobID.isValid(id) else { return nil }
        let reply = try await redis.send(RedisCommand("GET", .string(queue.keys.request(id))))
        return reply.bytes
    }

    /// Removes these letters.
    ///
    /// Returns how many were there.
    package func drop(_ ids: [DeadLetterID]) async throws(RedisError) -> Int {
        guard !ids.isEmpty else { return 0 }
        let reply = try await redis.send(RedisCommand("XDEL", [dead] + ids.map { .string($0.entry) }))
        return Int(reply.int ?? 0)
    }

    /// All that match and are there now, newest first.
    package func ids(_ filter: Filter) async throws(RedisError) -> [DeadLetterID] {
        var ids: [DeadLetterID] = []
        var last: DeadLetterID?
        while true {
            let page = try await page(before: last)
            guard let end = page.last?.id else { return ids }
            ids += page.filter(filter.matches).map(\.id)
            last = end
        }
    }

    /// Removes all that match and are there now.
    ///
    /// Returns how many.
    package func dropAll(_ filter: Filter) async throws(RedisError) -> Int { try await drop(try await ids(filter)) }

    /// Chosen: with bodies of 16 KB at most a page stays below 2 MB.
    private static let pageSize = 100

    private func page(before: DeadLetterID?) async throws(RedisError) -> [DeadLetter] {
        let end = before.map { before in before.shard < shard ? before.entry : "(\(before.entry)" } ?? "+"
        let reply = try await redis.send(
            RedisCommand("XREVRANGE", dead, .string(end), "-", "COUNT", .int(Self.pageSize)))
        return letters(reply)
    }

    private func letters(_ reply: RedisValue) -> [DeadLetter] {
        (reply.array ?? []).compactMap { DeadLetter($0, keys: queue.keys) }
    }
}
