/// Ages of the oldest requests of one shard that wait, for alerts.
///
/// They are rough: not every request is looked at.
package struct QueueAges: Sendable, Equatable {
    /// Since the oldest entry was added that waits for a worker.
    package var forWorkers: [Lane: Duration] = [:]
    /// Since the oldest entry was added that waits in a room for an account.
    package var forAccounts: [Lane: Duration] = [:]

    package init() {}

    /// Rooms that are looked at, and entries in each room and order: its first ones.
    ///
    /// The order is fair, so the oldest of each tenant stands near its beginning. Chosen: Redis looks at them within a
    /// millisecond.
    static let mostRooms = 50
    static let mostMembers = 20
    /// A producer may choose the ids of its entries, and with them their ages.
    private static let longest = Duration.seconds(30 * 86_400)

    mutating func note(_ path: WritableKeyPath<QueueAges, [Lane: Duration]>, _ lane: Lane, since: Int64, now: Int64) {
        let age = Duration.milliseconds(max(0, now.subtractingClamped(since)))
        guard age <= Self.longest else { return }
        self[keyPath: path][lane] = max(age, self[keyPath: path][lane] ?? .zero)
    }

    /// The older of both, lane by lane.
    package mutating func merge(_ other: QueueAges) {
        forWorkers.merge(other.forWorkers, uniquingKeysWith: max)
        forAccounts.merge(other.forAccounts, uniquingKeysWith: max)
    }
}

extension JobQueue {
    /// In one round trip.
    package func ages() async throws(RedisError) -> QueueAges {
        let lanes = Lane.allCases
        let reply = try await redis.evaluate(
            QueueScripts.ages, keys: lanes.map(keys.queue) + lanes.map(keys.order) + [keys.rooms, keys.never],
            args: [
                .string(QueueKeys.group), .string(keys.shardPrefix), .int(QueueAges.mostRooms),
                .int(QueueAges.mostMembers),
            ])
        guard let parts = reply.array, parts.count == 4, let unread = parts[1].array, let sorted = parts[2].array else {
            throw RedisError(.protocolViolation, "AGES answered in an unknown shape")
        }
        var ages = QueueAges()
        let now = (parts[0].int ?? 0).clamped(to: Bounds.moments)
        for (lane, entry) in zip(lanes, unread) {
            guard let id = entry.string, !id.isEmpty else { continue }
            ages.note(\.forWorkers, lane, since: Entry(lane: lane, entry: id, fields: []).enqueuedAt, now: now)
        }
        for member in sorted { Self.note(member, \.forWorkers, now, &ages) }
        for member in parts[3].array ?? [] { Self.note(member, \.forAccounts, now, &ages) }
        return ages
    }

    /// A member is `<lane index> <entry ID, padded>`.
    private static func note(
        _ member: RedisValue, _ path: WritableKeyPath<QueueAges, [Lane: Duration]>, _ now: Int64,
        _ ages: inout QueueAges
    ) {
        guard let text = member.string, let lane = text.first?.wholeNumberValue.flatMap(Lane.init(index:)) else {
            return
        }
        let id = String(text.dropFirst(2))
        ages.note(path, lane, since: Entry(lane: lane, entry: id, fields: []).enqueuedAt, now: now)
    }
}

extension QueueScripts {
    /// Tells the first entries that nobody has claimed.
    ///
    /// With n lanes:
    ///
    ///     KEYS[1…n] -> lanes
    ///     KEYS[n+1…2n] -> their orders
    ///     KEYS[2n+1] -> rooms
    ///     KEYS[2n+2] -> never
    ///     ARGV[1] -> group
    ///     ARGV[2] -> prefix of all keys
    ///     ARGV[3] -> rooms, at most
    ///     ARGV[4] -> members of each order and room, at most
    ///     {now in ms since 1970, list of unread entries, members of orders, members of rooms} -> always
    ///     an unread entry is the ID of the first one of a lane, or empty
    static let ages = RedisScript(
        members + """
            local n, prefix, most, unread, sorted, parked = (#KEYS - 2) / 2, ARGV[2], ARGV[4] - 1, {}, {}, {}
            local function add(list, set)
              for _, member in ipairs(redis.call('ZRANGE', set, 0, most)) do list[#list + 1] = member end
            end
            for i = 1, n do
              local last = cursor(KEYS[i])
              local first = redis.call('XRANGE', KEYS[i], last and '(' .. last or '-', '+', 'COUNT', 1)[1]
              unread[i] = first and first[1] or ''
              add(sorted, KEYS[n + i])
            end
            for _, name in ipairs(redis.call('ZRANGE', KEYS[2 * n + 1], 0, ARGV[3] - 1)) do
              add(parked, prefix .. 'room:' .. name)
            end
            local t = redis.call('TIME')
            return {string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000)), unread, sorted, parked}
            """)
}
