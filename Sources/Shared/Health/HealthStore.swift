/// The health of all routes in Redis: read whole, changed by compare-and-set, published to all workers.
///
/// `RouteHealth` decides, this keeps. A change that lost against another worker's is not written: the caller reads
/// again and folds again.
package struct HealthStore: Sendable {
    /// A route's health and the version it was read in, 0 where there is none yet.
    package struct Versioned: Sendable, Equatable {
        package var version: Int
        package var health: RouteHealth

        package init(version: Int, health: RouteHealth) {
            self.version = version
            self.health = health
        }
    }

    private let redis: RedisClient
    private let keys: PoolKeys
    /// Routes that nobody uses are forgotten after a day without any traffic at all.
    private static let ttl = Duration.seconds(86_400)

    package init(redis: RedisClient, keys: PoolKeys) {
        self.redis = redis
        self.keys = keys
    }

    package func all() async throws(RedisError) -> [RouteKey: Versioned] {
        let fields = try await redis.send(RedisCommand("HGETALL", .string(keys.health))).array ?? []
        var all: [RouteKey: Versioned] = [:]
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            guard let name = fields[index].string, let bytes = fields[index + 1].bytes else { continue }
            all[RouteKey(text: name)] = Versioned(decoding: bytes)
        }
        return all
    }

    package func read(_ routes: [RouteKey]) async throws(RedisError) -> [Versioned] {
        guard !routes.isEmpty else { return [] }
        let reply = try await redis.send(
            RedisCommand("HMGET", [.string(keys.health)] + routes.map { .string($0.text) }))
        return (reply.array ?? []).map {
            $0.bytes.flatMap(Versioned.init(decoding:)) ?? Versioned(version: 0, health: RouteHealth())
        }
    }

    /// Writes the states that still have the version they were read in, and publishes them.
    ///
    /// Returns the routes that another worker has changed meanwhile.
    package func write(_ changes: [(route: RouteKey, read: Versioned, now: RouteHealth)]) async throws(RedisError)
        -> [RouteKey]
    {
        guard !changes.isEmpty else { return [] }
        let reply = try await redis.evaluate(
            Self.save, keys: [keys.health],
            args: [.string(keys.healthChannel), .int(Self.ttl.milliseconds)]
                + changes.flatMap { change -> [RedisArgument] in
                    [.string(change.route.text), .int(change.read.version), .bytes(change.now.encoded)]
                })
        let written = reply.array ?? []
        return zip(changes, written).filter { $1.int != 1 }.map(\.0.route)
    }

    /// A message of `PoolKeys.healthChannel`.
    package static func decode(_ payload: [UInt8]) -> (route: RouteKey, health: Versioned)? {
        // The route may hold one line feed itself. The state never does.
        guard let end = payload.lastIndex(of: UInt8(ascii: "\n")),
            let name = String(validating: payload[..<end], as: UTF8.self),
            let health = Versioned(decoding: Array(payload[(end + 1)...]))
        else { return nil }
        return (RouteKey(text: name), health)
    }

    /// Writes the states that still have the version they were read in.
    ///
    ///     KEYS[1] -> health
    ///     ARGV[1] -> channel
    ///     ARGV[2] -> TTL in ms
    ///     ARGV[3i] -> name of route i
    ///     ARGV[3i+1] -> version it was read in
    ///     ARGV[3i+2] -> new state
    ///     list, one number per route -> 1 (written) or 0 (changed meanwhile)
    private static let save = RedisScript(
        """
        local health, channel, ttl, done = KEYS[1], ARGV[1], ARGV[2], {}
        for i = 3, #ARGV, 3 do
          local route, read, state = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
          local now = redis.call('HGET', health, route)
          local version = now and tonumber(string.match(now, '^%d+')) or 0
          if version == read then
            local versioned = (version + 1) .. ' ' .. state
            redis.call('HSET', health, route, versioned)
            redis.call('PUBLISH', channel, route .. '\\n' .. versioned)
            done[#done + 1] = 1
          else
            done[#done + 1] = 0
          end
        end
        redis.call('PEXPIRE', health, ttl)
        return done
        """)
}

extension HealthStore.Versioned {
    /// From `<version> <JSON>`.
    init?(decoding bytes: [UInt8]) {
        guard let blank = bytes.firstIndex(of: UInt8(ascii: " ")),
            let version = Int(String(decoding: bytes[..<blank], as: UTF8.self)),
            let health = RouteHealth(decoding: Array(bytes[(blank + 1)...]))
        else { return nil }
        self.init(version: version, health: health)
    }
}
