/// Answers that are kept in Redis for equal requests.
///
/// All answers of a shard together stay below `memory` bytes: the ones that would expire first make room. Trouble with Redis
/// is thrown; no caller of this may let it fail a request.
package struct ResponseCache: Sendable {
    package struct Limits: Sendable, Equatable {
        /// Of one answer; larger ones are not kept.
        package var maxBytes = 256 << 10
        /// Of all answers.
        package var memory = 64 << 20

        package init() {}
    }

    private let redis: RedisClient
    private let keys: QueueKeys
    package let limits: Limits
    private let clock: any WallClock

    package init(
        redis: RedisClient, keys: QueueKeys, limits: Limits = Limits(), clock: any WallClock = SystemWallClock()
    ) {
        self.redis = redis
        self.keys = keys
        self.limits = limits
        self.clock = clock
    }

    /// `nil` where nothing is kept under this key, or nothing that this build can read.
    package func answer(_ key: String) async throws(RedisError) -> CachedAnswer? {
        let value = try await redis.send(RedisCommand("GET", .string(keys.cached(key))), timeout: Self.patience)
        try value.throwIfError()
        return value.bytes.flatMap { CachedAnswer(decoding: $0) }
    }

    /// Returns whether it was kept.
    @discardableResult
    package func keep(_ answer: CachedAnswer, as key: String, seconds: Int) async throws(RedisError) -> Bool {
        let bytes = answer.encoded
        guard bytes.count <= min(limits.maxBytes, limits.memory), seconds > 0 else { return false }
        let reply = try await redis.evaluate(
            Self.keep, keys: [keys.cached(key), keys.cacheIndex, keys.cacheBytes],
            args: [
                .bytes(bytes), .int(seconds * 1000), .string("\(clock.now)"), .int(limits.memory), .string(key),
                .string(keys.cached("")),
            ], timeout: Self.patience)
        try reply.throwIfError()
        return true
    }

    /// Chosen: a request rather calls its platform than waits longer.
    private static let patience = Duration.seconds(1)

    /// Keeps an answer and makes room for it.
    ///
    /// KEYS: the answer, the index, the byte counter. ARGV: answer, milliseconds to keep it, now, bytes of all at most, its
    /// name, what all answers' keys begin with. Returns how many others had to go.
    ///
    /// The index holds `<name>:<bytes>` by the time of expiry; what is in it and what is counted always agree.
    private static let keep = RedisScript(
        """
        local function forget(members, unlink)
          for i = 1, #members do
            local name, bytes = string.match(members[i], '^(.*):(%d+)$')
            redis.call('ZREM', KEYS[2], members[i])
            redis.call('DECRBY', KEYS[3], bytes)
            if unlink then redis.call('UNLINK', ARGV[6] .. name) end
          end
        end
        local size, now = #ARGV[1], tonumber(ARGV[3])
        forget(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 1000), false)
        local old = redis.call('STRLEN', KEYS[1])
        if old > 0 and redis.call('ZSCORE', KEYS[2], ARGV[5] .. ':' .. old) then forget({ARGV[5] .. ':' .. old}, false) end
        local gone = 0
        while tonumber(redis.call('GET', KEYS[3]) or 0) + size > tonumber(ARGV[4]) do
          local first = redis.call('ZRANGE', KEYS[2], 0, 0)
          if #first == 0 then redis.call('SET', KEYS[3], 0) break end
          forget(first, true)
          gone = gone + 1
        end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        redis.call('ZADD', KEYS[2], now + ARGV[2], ARGV[5] .. ':' .. size)
        redis.call('INCRBY', KEYS[3], size)
        local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2]
        local ttl = math.ceil(last - now) + 1000
        redis.call('PEXPIRE', KEYS[2], ttl)
        redis.call('PEXPIRE', KEYS[3], ttl)
        return gone
        """)
}
