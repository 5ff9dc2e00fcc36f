/// Makes rows of entries and of delayed requests.
extension QueueListing {
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

    /// A score, which Redis may write as `1e+17`.
    static func moment(_ score: RedisValue) -> Int64 {
        let number = score.string.flatMap(Double.init) ?? 0
        return Int64(exactly: number.rounded())?.clamped(to: Bounds.moments) ?? 0
    }
}
