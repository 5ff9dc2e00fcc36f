/// Makes rows of entries, and finds the one of a request.
extension QueueListing {
    /// The request with this id, where it waits or runs.
    ///
    /// Its `wait` key, its log and the delayed requests name its place. One that nobody has sorted or started is looked
    /// for in the lanes, up to `mostEntries` of each.
    package func find(_ id: String) async throws(RedisError) -> QueuedRequest? {
        guard JobID.isValid(id) else { return nil }
        var place = try await placeInOrder(id)
        if place == nil { place = try await placeInLog(id) }
        if let place {
            let entries = try await entries(place.lane, [place.entry])
            let holdings = try await holdings(place.lane, from: place.entry, to: place.entry)
            if let row = try await requests(entries, holdings).first(where: { $0.id == id }) { return row }
        }
        if let row = try await delayed(id) { return row }
        var filter = QueuedRequestFilter()
        filter.id = id
        return try await list(filter, limit: 1).rows.first
    }

    func requests(
        _ entries: [JobQueue.Entry], _ holdings: [Holding]
    ) async throws(RedisError) -> [QueuedRequest] {
        let held = Dictionary(holdings.map { ($0.entry, $0) }) { first, _ in first }
        var rows = entries.map { Self.request($0, held[$0.entry]) }
        let free = rows.indices.filter { rows[$0].state == .queued && rows[$0].id != "?" }
        let replies = try await queue.redis.pipeline(
            free.map { RedisCommand("GET", .string(queue.keys.wait(rows[$0].id))) })
        for (index, reply) in zip(free, replies) {
            guard let room = WaitPlace(reply.string ?? "")?.room else { continue }
            rows[index].state = .waiting
            rows[index].room = room
        }
        return rows
    }

    private static func request(_ entry: JobQueue.Entry, _ holding: Holding?) -> QueuedRequest {
        var request = QueuedRequest(state: holding == nil ? .queued : .running, lane: entry.lane)
        request.read(entry.fields)
        request.entry = entry.entry
        request.enqueuedAt = entry.enqueuedAt
        request.worker = holding?.worker
        request.attempts += holding?.deliveries ?? 0
        return request
    }

    // MARK: - Delayed

    /// Members of the delayed requests from a rank on, soonest first, with their times.
    func delayed(from rank: Int) async throws(RedisError) -> [(member: String, due: Int64)] {
        let reply = try await queue.redis.send(
            RedisCommand(
                "ZRANGE", .string(queue.keys.delayed), .int(rank), .int(rank + 99), "WITHSCORES"))
        let values = reply.array ?? []
        return stride(from: 0, to: values.count - 1, by: 2).compactMap { index in
            values[index].string.map { ($0, Self.moment(values[index + 1])) }
        }
    }

    /// Without those whose fields have expired or went back to their lane meanwhile.
    func requests(_ members: [(member: String, due: Int64)]) async throws(RedisError) -> [QueuedRequest] {
        let named = members.compactMap { member, due -> (lane: Lane, id: String, due: Int64)? in
            let parts = member.split(separator: " ")
            guard parts.count == 2, let lane = Lane(rawValue: String(parts[0])) else { return nil }
            return (lane, String(parts[1]), due)
        }
        let replies = try await queue.redis.pipeline(
            named.map { RedisCommand("HGETALL", .string(queue.keys.held($0.id))) })
        return zip(named, replies).compactMap { member, reply in
            guard let fields = reply.array, !fields.isEmpty else { return nil }
            var request = QueuedRequest(state: .waiting, lane: member.lane)
            request.read(fields)
            request.due = member.due
            return request
        }
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

    /// A score, which Redis may write as `1e+17`.
    private static func moment(_ score: RedisValue) -> Int64 {
        let number = score.string.flatMap(Double.init) ?? 0
        return Int64(exactly: number.rounded())?.clamped(to: Bounds.moments) ?? 0
    }

    // MARK: - Places

    private func placeInOrder(_ id: String) async throws(RedisError) -> (lane: Lane, entry: String)? {
        let reply = try await queue.redis.send(RedisCommand("GET", .string(queue.keys.wait(id))))
        return WaitPlace(reply.string ?? "").map { ($0.lane, $0.entry) }
    }

    /// The entry of the last attempt that was started.
    private func placeInLog(_ id: String) async throws(RedisError) -> (lane: Lane, entry: String)? {
        guard let top = try await queue.logTops([id]).first ?? nil, top.id.attempt > 0, top.id < .end else {
            return nil
        }
        let start = RedisArgument.string("\(top.id.attempt)-0")
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
}

/// The place of a request that waits in fair order, as its `wait` key has it (`QueueScripts+Rooms`).
struct WaitPlace: Equatable {
    let lane: Lane
    /// The ID of its entry.
    let entry: String
    /// `nil` where it waits in its lane, or was just admitted.
    let room: String?

    /// From `o/<lane>/<member>`, `r/<room>/<member>` or `a/<room>/<member>/<start tag>`.
    ///
    /// A member is `<lane index> <entry ID, padded with zeros>`.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 3, text.utf8.count <= 512 else { return nil }
        let member = parts[2].split(separator: " ")
        guard member.count == 2, let lane = Int(member[0]).flatMap(Lane.init(index:)),
            let id = RequestLogID(member[1])
        else { return nil }
        self.lane = lane
        entry = "\(id)"
        room = parts[0] == "r" ? String(parts[1]) : nil
    }
}
