/// Lists the requests of one shard that wait or run now, oldest first, page by page.
///
/// In: a filter and a number of rows. Out: rows that match, `isWhole` where no bound ended the search before the end.
/// Reads only. What moves meanwhile may be missed or come twice, and `rows` has each id once.
///
/// 1. Entries that workers hold, by the groups' pending lists.
/// 2. Entries that nobody holds, by the lanes themselves. A request's `wait` key tells whether it is in a room.
/// 3. Requests that wait for a time.
package struct QueueListing: Sendable {
    let queue: JobQueue

    package init(queue: JobQueue) { self.queue = queue }

    package struct Page: Sendable {
        package var rows: [QueuedRequest] = []
        package var isWhole = true
    }

    /// Chosen: with bodies of 16 KB at most a page stays below 2 MB.
    private static let pageSize = 100
    /// Entries of a lane that one search looks at.
    ///
    /// Chosen: with bodies of 16 KB it reads 80 MB at the very most.
    package static let mostEntries = 5000

    package func list(_ filter: QueuedRequestFilter, limit: Int) async throws(RedisError) -> Page {
        var page = Page()
        for lane in Lane.allCases where filter.lane == nil || filter.lane == lane {
            if filter.wants(.running) { try await addHeld(lane, filter, limit, &page) }
            if filter.wants(.queued, .waiting) { try await addFree(lane, filter, limit, &page) }
        }
        if filter.wants(.waiting) { try await addDelayed(filter, limit, &page) }
        return page
    }

    // MARK: - Lanes

    private func addHeld(
        _ lane: Lane, _ filter: QueuedRequestFilter, _ limit: Int, _ page: inout Page
    ) async throws(RedisError) {
        var (last, seen, found) = ("-", 0, 0)
        while found < limit {
            guard seen < Self.mostEntries else { return page.isWhole = false }
            let holdings = try await holdings(lane, from: last, to: "+")
            guard let end = holdings.last?.entry else { return }
            let entries = try await entries(lane, holdings.map(\.entry))
            let rows = try await requests(entries, holdings).filter { $0.state == .running && filter.matches($0) }
            page.rows += rows.prefix(limit - found)
            (last, seen, found) = ("(\(end)", seen + holdings.count, found + rows.count)
        }
    }

    private func addFree(
        _ lane: Lane, _ filter: QueuedRequestFilter, _ limit: Int, _ page: inout Page
    ) async throws(RedisError) {
        var (last, seen, found) = ("-", 0, 0)
        while found < limit {
            guard seen < Self.mostEntries else { return page.isWhole = false }
            let entries = try await entries(lane, from: last)
            guard let first = entries.first?.entry, let end = entries.last?.entry else { return }
            let holdings = try await holdings(lane, from: first, to: end)
            let rows = try await requests(entries, holdings).filter { $0.state != .running && filter.matches($0) }
            page.rows += rows.prefix(limit - found)
            (last, seen, found) = ("(\(end)", seen + entries.count, found + rows.count)
        }
    }

    private func addDelayed(_ filter: QueuedRequestFilter, _ limit: Int, _ page: inout Page) async throws(RedisError) {
        var (seen, found) = (0, 0)
        while found < limit {
            guard seen < Self.mostEntries else { return page.isWhole = false }
            let members = try await delayed(from: seen)
            if members.isEmpty { return }
            let rows = try await requests(members).filter(filter.matches)
            page.rows += rows.prefix(limit - found)
            (seen, found) = (seen + members.count, found + rows.count)
        }
    }

    // MARK: - Reading

    /// An entry in a group's pending list.
    struct Holding: Sendable {
        let entry: String
        let worker: String
        let deliveries: Int
    }

    /// Empty where the group is not there yet.
    func holdings(_ lane: Lane, from: String, to: String) async throws(RedisError) -> [Holding] {
        let replies = try await queue.redis.pipeline([
            RedisCommand(
                "XPENDING", .string(queue.keys.queue(lane)), .string(QueueKeys.group), .string(from), .string(to),
                .int(Self.pageSize))
        ])
        guard let reply = replies.first, reply.errorPrefix != "NOGROUP" else { return [] }
        try reply.throwIfError()
        return (reply.array ?? []).compactMap { row in
            guard let row = row.array, row.count == 4, let entry = row[0].string, let worker = row[1].string else {
                return nil
            }
            let deliveries = Bounds.count(Int(clamping: row[3].int ?? 0))
            return Holding(entry: entry, worker: worker.clipped(toBytes: Bounds.name), deliveries: deliveries)
        }
    }

    /// A page of all entries, whoever holds them.
    func entries(_ lane: Lane, from: String) async throws(RedisError) -> [JobQueue.Entry] {
        let reply = try await queue.redis.send(
            RedisCommand("XRANGE", .string(queue.keys.queue(lane)), .string(from), "+", "COUNT", .int(Self.pageSize)))
        return (reply.array ?? []).compactMap { JobQueue.Entry(lane: lane, $0) }
    }

    /// Without those that have gone meanwhile.
    func entries(_ lane: Lane, _ ids: [String]) async throws(RedisError) -> [JobQueue.Entry] {
        let lane = (lane, RedisArgument.string(queue.keys.queue(lane)))
        let replies = try await queue.redis.pipeline(
            ids.map { RedisCommand("XRANGE", lane.1, .string($0), .string($0)) })
        return replies.flatMap { $0.array ?? [] }.compactMap { JobQueue.Entry(lane: lane.0, $0) }
    }
}
