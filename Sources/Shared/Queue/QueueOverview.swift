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
        /// The same of those that only wait for a worker, and for no account.
        package let oldestReady: Int64?

        package var running: Int { min(entries, held.values.reduce(0) { $0.addingClamped($1) }) }
        package var waiting: Int { entries - running }

        package init(
            lane: Lane, entries: Int, held: [String: Int], oldest: Int64?, oldestReady: Int64? = nil
        ) {
            (self.lane, self.entries, self.held) = (lane, entries, held)
            (self.oldest, self.oldestReady) = (oldest, oldestReady)
        }
    }

    package var lanes: [LaneDepth]
    /// Requests that wait for a time.
    package var delayed = 0
    /// Ledger rows on their way to PostgreSQL.
    package var outbox = 0
    /// When the oldest of those was written, in milliseconds since 1970.
    package var outboxOldest: Int64?
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
            keys: Lane.allCases.map(keys.queue) + Lane.allCases.map(keys.order)
                + [keys.delayed, keys.usage, keys.dead, keys.workers],
            args: [.string(QueueKeys.group), .int(QueueOverview.mostWorkers)])
        guard let parts = reply.array, parts.count == 7, let lanes = parts[0].array else {
            throw RedisError(.protocolViolation, "OVERVIEW answered in an unknown shape")
        }
        var overview = QueueOverview(lanes: zip(Lane.allCases, lanes).map { Self.depth($0, $1.array ?? []) })
        overview.delayed = Int(clamping: parts[1].int ?? 0)
        overview.outbox = Int(clamping: parts[2].int ?? 0)
        overview.dead = Int(clamping: parts[3].int ?? 0)
        overview.workers = (parts[4].array ?? []).compactMap { $0.string?.clipped(toBytes: Bounds.name) }
        overview.now = (parts[5].int ?? 0).clamped(to: Bounds.moments)
        overview.outboxOldest = Self.moment(of: parts[6])
        return overview
    }

    /// The time in an entry's ID, `nil` where there is none.
    private static func moment(of id: RedisValue?) -> Int64? {
        guard let id = id?.string, !id.isEmpty else { return nil }
        return Entry(lane: .normal, entry: id, fields: []).enqueuedAt
    }

    private static func depth(_ lane: Lane, _ row: [RedisValue]) -> QueueOverview.LaneDepth {
        var held: [String: Int] = [:]
        for consumer in (row.count > 2 ? row[2].array : nil) ?? [] {
            guard let pair = consumer.array, pair.count == 2, let name = pair[0].string else { continue }
            held[name.clipped(toBytes: Bounds.name)] = Int(clamping: pair[1].int ?? 0)
        }
        return QueueOverview.LaneDepth(
            lane: lane, entries: Int(clamping: row.first?.int ?? 0), held: held,
            oldest: moment(of: row.dropFirst().first), oldestReady: moment(of: row.dropFirst(3).first))
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
    /// Ready entries are those that no worker has read, and those in the order set. Of the latter the oldest is looked
    /// for among the hundred that are next: each tenant's oldest is there, as long as no more tenants wait.
    ///
    /// With n lanes:
    ///
    ///     KEYS[1…n] -> lanes
    ///     KEYS[n+1…2n] -> their order sets
    ///     KEYS[2n+1] -> delayed requests
    ///     KEYS[2n+2] -> outbox
    ///     KEYS[2n+3] -> dead letters
    ///     KEYS[2n+4] -> heartbeats
    ///     ARGV[1] -> group
    ///     ARGV[2] -> workers, at most
    ///     {lanes, delayed, outbox, dead letters, live workers, now in ms since 1970, oldest of the outbox} -> always
    ///     a lane is {entries, oldest, list of {consumer, entries that it holds}, oldest that is ready}
    ///     an oldest one is its ID, or empty
    static let overview = RedisScript(
        members + """
            local n, group, most, lanes = math.floor(#KEYS / 2) - 2, ARGV[1], ARGV[2], {}
            local function first(stream, from)
              local e = redis.call('XRANGE', stream, from, '+', 'COUNT', 1)[1]
              return e and e[1] or ''
            end
            local function ready(q, set)
              local id = cursor(q)
              local unread = first(q, id and '(' .. id or '-')
              local oldest = unread ~= '' and padded(unread)
              for _, member in ipairs(redis.call('ZRANGE', set, 0, 99)) do
                local id, entry = string.sub(member, 3), unpadded(member)
                -- A member may be left of an entry that is gone.
                if not (oldest and isUpTo(oldest, id)) and first(q, entry) == entry then oldest = id end
              end
              return oldest and unpadded(' ' .. oldest) or ''
            end
            for i = 1, n do
              -- An error where there is no group yet, and no list where nothing is held.
              local pending = redis.pcall('XPENDING', KEYS[i], group)
              lanes[i] = {redis.call('XLEN', KEYS[i]), first(KEYS[i], '-'), pending[4] or {}, ready(KEYS[i], KEYS[n + i])}
            end
            local t = redis.call('TIME')
            local now = string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000))
            local alive = redis.call('ZRANGE', KEYS[2 * n + 4], '(' .. now, '+inf', 'BYSCORE', 'LIMIT', 0, most)
            return {lanes, redis.call('ZCARD', KEYS[2 * n + 1]), redis.call('XLEN', KEYS[2 * n + 2]),
              redis.call('XLEN', KEYS[2 * n + 3]), alive, now, first(KEYS[2 * n + 2], '-')}
            """)
}
