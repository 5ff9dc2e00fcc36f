/// The place of a waiting request.
package struct QueuePlace: Sendable, Equatable {
    /// 1 is next, among those that wait for the same accounts, or else in its lane.
    package let position: Int
    /// From the latest pace and the time when capacity is expected, or `nil` where neither is known.
    package let expectedWait: Duration?

    package init(position: Int, expectedWait: Duration?) {
        self.position = position
        self.expectedWait = expectedWait
    }
}

extension JobQueue {
    package func place(of id: String) async throws(RedisError) -> QueuePlace? {
        try await places(of: [id]).first ?? nil
    }

    /// The places in the order of `ids`, in one round trip, or `nil` for requests that do not wait.
    ///
    /// A request that was not put into order yet has `nil` too: while a worker is free, which claims it anyway, or for
    /// the quarter of a second (`PROMOTE_INTERVAL`) until some worker sorts what waits.
    package func places(of ids: [String]) async throws(RedisError) -> [QueuePlace?] {
        guard !ids.isEmpty else { return [] }
        let reply = try await redis.evaluate(
            QueueScripts.places, keys: ids.map(keys.wait) + [keys.never],
            args: [.string(keys.shardPrefix), .int(clock.now)])
        guard let rows = reply.array, rows.count == ids.count else {
            throw RedisError(.protocolViolation, "PLACES answered for another number of requests")
        }
        return rows.map { row in
            guard let row = row.array, row.count == 2, let position = row[0].int, let wait = row[1].int else {
                return nil
            }
            return QueuePlace(position: Int(position), expectedWait: wait < 0 ? nil : .milliseconds(wait))
        }
    }
}
