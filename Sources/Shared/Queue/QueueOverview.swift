/// The depth of one shard's queue at one moment, for people.
package struct QueueOverview: Sendable, Equatable {
    package struct LaneDepth: Sendable, Equatable {
        package let lane: Lane
        /// Waiting and running ones together.
        package let entries: Int
        /// Entries that a worker holds, by the worker's name.
        package let held: [String: Int]
        /// When the oldest entry was added, in milliseconds since 1970.
        package let oldest: Int64?

        package var running: Int { min(entries, held.values.reduce(0) { $0.addingClamped($1) }) }
        package var waiting: Int { entries - running }

        package init(lane: Lane, entries: Int, held: [String: Int], oldest: Int64?) {
            (self.lane, self.entries, self.held, self.oldest) = (lane, entries, held, oldest)
        }
    }

    package var lanes: [LaneDepth]
    /// Requests that wait for a time.
    package var delayed = 0
    /// Ledger rows on their way to PostgreSQL.
    package var outbox = 0
    package var dead = 0
    /// Names of the workers whose heartbeat has not expired, `mostWorkers` at most.
    package var workers: [String] = []
    /// By the clock of Redis, which the ages of entries are measured with.
    package var now: Int64 = 0

    package init(lanes: [LaneDepth]) { self.lanes = lanes }

    /// Chosen: more than any installation has, and a list that a person can still read.
    package static let mostWorkers = 1000
}

extension JobQueue {
    /// All depths of one moment, in one round trip.
    package func overview() async throws(RedisError) -> QueueOverview {
        let reply = try await redis.evaluate(
            QueueScripts.overview,
            keys: Lane.allCases.map(keys.queue) + [keys.delayed, keys.usage, keys.dead, keys.workers],
            args: [.string(QueueKeys.group), .int(QueueOverview.mostWorkers)])
        guard let parts = reply.array, parts.count == 6, let lanes = parts[0].array else {
            throw RedisError(.protocolViolation, "OVERVIEW answered in an unknown shape")
        }
        var overview = QueueOverview(lanes: zip(Lane.allCases, lanes).map { Self.depth($0, $1.array ?? []) })
        overview.delayed = Int(clamping: parts[1].int ?? 0)
        overview.outbox = Int(clamping: parts[2].int ?? 0)
        overview.dead = Int(clamping: parts[3].int ?? 0)
        overview.workers = (parts[4].array ?? []).compactMap { $0.string?.clipped(toBytes: Bounds.name) }
        overview.now = (parts[5].int ?? 0).clamped(to: Bounds.moments)
        return overview
    }

    private static func depth(_ lane: Lane, _ row: [RedisValue]) -> QueueOverview.LaneDepth {
        var held: [String: Int] = [:]
        for consumer in (row.count > 2 ? row[2].array : nil) ?? [] {
            guard let pair = consumer.array, pair.count == 2, let name = pair[0].string else { continue }
            held[name.clipped(toBytes: Bounds.name)] = Int(clamping: pair[1].int ?? 0)
        }
        let first = row.count > 1 ? row[1].string ?? "" : ""
        let oldest = Entry(lane: lane, entry: first, fields: []).enqueuedAt
        return QueueOverview.LaneDepth(
            lane: lane, entries: Int(clamping: row.first?.int ?? 0), held: held, oldest: first.isEmpty ? nil : oldest)
    }

    /// Requests in rooms by lane, or `nil` where more than `most` wait in them: then nobody counts them one by one.
    package func parked(in rooms: [Room], atMost most: Int = 10_000) async throws(RedisError) -> [Lane: Int]? {
        guard rooms.reduce(0, { $0.addingClamped($1.count) }) <= most else { return nil }
        let replies = try await redis.pipeline(
            rooms.map { RedisCommand("ZRANGE", .string(keys.room($0.name)), "0", .int(most)) })
        var parked: [Lane: Int] = [:]
        for member in replies.flatMap({ $0.array ?? [] }) {
            guard let digit = member.string?.first?.wholeNumberValue, let lane = Lane(index: digit) else { continue }
            parked[lane, default: 0] += 1
        }
        return parked
    }

    /// The cards of workers, in the order of their names.
    ///
    /// One that has expired is empty.
    package func cards(of workers: [String]) async throws(RedisError) -> [WorkerCard] {
        let replies = try await redis.pipeline(
            workers.map { RedisCommand("GET", .string(keys.workerStatus($0))) })
        return replies.map { WorkerCard($0.string ?? "") }
    }
}

extension QueueScripts {
    /// Measures a shard's queue.
    ///
    /// With n lanes:
    ///
    ///     KEYS[1…n] -> lanes
    ///     KEYS[n+1] -> delayed requests
    ///     KEYS[n+2] -> outbox
    ///     KEYS[n+3] -> dead letters
    ///     KEYS[n+4] -> heartbeats
    ///     ARGV[1] -> group
    ///     ARGV[2] -> workers, at most
    ///     {lanes, delayed, outbox, dead letters, live workers, now in ms since 1970} -> always
    ///     a lane is {entries, ID of the oldest or empty, list of {consumer, entries that it holds}}
    static let overview = RedisScript(
        """
        local n, group, most, lanes = #KEYS - 4, ARGV[1], ARGV[2], {}
        for i = 1, n do
          local first = redis.call('XRANGE', KEYS[i], '-', '+', 'COUNT', 1)[1]
          -- An error where there is no group yet, and no list where nothing is held.
          local pending = redis.pcall('XPENDING', KEYS[i], group)
          lanes[i] = {redis.call('XLEN', KEYS[i]), first and first[1] or '', pending[4] or {}}
        end
        local t = redis.call('TIME')
        local now = string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000))
        local alive = redis.call('ZRANGE', KEYS[n + 4], '(' .. now, '+inf', 'BYSCORE', 'LIMIT', 0, most)
        return {lanes, redis.call('ZCARD', KEYS[n + 1]), redis.call('XLEN', KEYS[n + 2]),
          redis.call('XLEN', KEYS[n + 3]), alive, now}
        """)
}
