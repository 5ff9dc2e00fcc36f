/// The outcome of a search for requests by their ids.
package struct QueueSearch: Sendable {
    package enum Outcome: Sendable, Equatable {
        /// It waits or runs.
        case found(QueuedRequest)
        /// It has ended, or there is none.
        case absent
        /// A lane has more entries than a search looks at, so it may be there.
        case unseen

        package var request: QueuedRequest? { if case .found(let request) = self { request } else { nil } }
    }

    fileprivate var found: [String: QueuedRequest] = [:]
    fileprivate var unseen: Set<String> = []

    package subscript(id: String) -> Outcome {
        found[id].map(Outcome.found) ?? (unseen.contains(id) ? .unseen : .absent)
    }

    fileprivate mutating func add(_ other: QueueSearch) {
        found.merge(other.found) { first, _ in first }
        unseen.formUnion(other.unseen)
    }
}

/// Finds requests by their ids.
///
/// 1. A request's `wait` key, its log and the delayed requests name its place.
/// 2. Those that nobody has sorted or started are looked for in the lanes, all of them in one pass, up to `mostEntries`
///    of each lane.
extension QueueListing {
    package func find(_ id: String) async throws(RedisError) -> QueueSearch.Outcome { try await find([id])[id] }

    package func find(_ ids: [String]) async throws(RedisError) -> QueueSearch {
        var (search, missing) = (QueueSearch(), Set<String>())
        for id in ids where JobID.isValid(id) {
            let top = try await queue.logTops([id]).first ?? nil
            if let top, top.id >= .end { continue }
            search.found[id] = try await placed(id, attempt: top?.id.attempt ?? 0)
            if search.found[id] == nil { missing.insert(id) }
        }
        var isWhole = true
        for lane in Lane.allCases { isWhole = try await addUnplaced(lane, &missing, &search) && isWhole }
        if !isWhole { search.unseen = missing }
        return search
    }

    /// Returns false where the lane has entries that were not looked at.
    private func addUnplaced(
        _ lane: Lane, _ missing: inout Set<String>, _ search: inout QueueSearch
    ) async throws(RedisError) -> Bool {
        var (last, seen) = ("-", 0)
        while !missing.isEmpty {
            guard seen < Self.mostEntries else { return false }
            let page = try await entries(lane, from: last)
            guard let end = page.last?.entry else { return true }
            let wanted = page.filter { JobEntry($0.fields).id.map(missing.contains) ?? false }
            for row in try await requests(wanted) {
                search.found[row.id] = row
                missing.remove(row.id)
            }
            (last, seen) = ("(\(end)", seen + page.count)
        }
        return true
    }

    /// Entries of one lane, which somebody may hold.
    private func requests(_ entries: [JobQueue.Entry]) async throws(RedisError) -> [QueuedRequest] {
        var held: [Holding] = []
        for entry in entries { held += try await holdings(entry.lane, from: entry.entry, to: entry.entry) }
        return try await requests(entries, held)
    }

    // MARK: - Places

    /// By its `wait` key, by the log of its last attempt, or among the delayed.
    private func placed(_ id: String, attempt: UInt64) async throws(RedisError) -> QueuedRequest? {
        var place = try await placeInOrder(id)
        if place == nil { place = try await placeInLog(id, attempt) }
        if let place {
            let entries = try await entries(place.lane, [place.entry])
            if let row = try await requests(entries).first(where: { $0.id == id }) { return row }
        }
        return try await delayed(id)
    }

    private func placeInOrder(_ id: String) async throws(RedisError) -> (lane: Lane, entry: String)? {
        let reply = try await queue.redis.send(RedisCommand("GET", .string(queue.keys.wait(id))))
        return WaitPlace(reply.string ?? "").map { ($0.lane, $0.entry) }
    }

    /// The entry of an attempt that was started.
    private func placeInLog(_ id: String, _ attempt: UInt64) async throws(RedisError) -> (lane: Lane, entry: String)? {
        guard attempt > 0 else { return nil }
        let start = RedisArgument.string("\(attempt)-0")
        let reply = try await queue.redis.send(RedisCommand("XRANGE", .string(queue.keys.log(id)), start, start))
        let fields = reply.array?.first?.array?.last?.array ?? []
        var named: [String: String] = [:]
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            if let name = fields[index].string, let value = fields[index + 1].string { named[name] = value }
        }
        guard let entry = named["e"], RequestLogID(entry) != nil, let lane = named["l"].flatMap(Lane.init) else {
            return nil
        }
        return (lane, entry)
    }

    private func delayed(_ id: String) async throws(RedisError) -> QueuedRequest? {
        let members = Lane.allCases.map { "\($0.rawValue) \(id)" }
        let scores = try await queue.redis.pipeline(
            members.map { RedisCommand("ZSCORE", .string(queue.keys.delayed), .string($0)) })
        for (member, score) in zip(members, scores) where score.string != nil {
            return try await requests([(member, Self.moment(score))]).first
        }
        return nil
    }
}

extension JobQueues {
    /// Finds requests of all shards, and reads each lane once at most.
    package func find(_ ids: [String]) async throws(RedisError) -> QueueSearch {
        var search = QueueSearch()
        for (shard, queue) in all.enumerated() {
            search.add(try await QueueListing(queue: queue).find(ids.filter { self.shard(of: $0) == shard }))
        }
        return search
    }
}
