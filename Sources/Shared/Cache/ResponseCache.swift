/// Answers that are kept in Redis for equal requests.
///
/// All answers of a shard together stay below `memory` bytes: the ones that would expire first make room. Trouble with
/// Redis is thrown. No caller may let it fail a request.
package struct ResponseCache: Sendable {
    package struct Limits: Sendable, Equatable {
        /// Of one answer.
        ///
        /// Larger ones are not kept.
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

    /// Returns true when it was kept.
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
    /// The index holds `<name>:<bytes>` by the time of expiry. What is in it and what is counted always agree.
    ///
    ///     KEYS[1] -> answer
    ///     KEYS[2] -> index
    ///     KEYS[3] -> byte counter
    ///     ARGV[1] -> answer
    ///     ARGV[2] -> ms to keep it
    ///     ARGV[3] -> now, in ms since 1970
    ///     ARGV[4] -> bytes of all answers, at most
    ///     ARGV[5] -> its name
    ///     ARGV[6] -> prefix of all answers' keys
    ///     number -> others that had to go
    private static let keep = RedisScript(
        """
        local key, index, counter = KEYS[1], KEYS[2], KEYS[3]
        local answer, life, now, memory, name, prefix = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5], ARGV[6]
        local function forget(members, unlink)
          for i = 1, #members do
            local other, bytes = string.match(members[i], '^(.*):(%d+)$')
            redis.call('ZREM', index, members[i])
            redis.call('DECRBY', counter, bytes)
            if unlink then redis.call('UNLINK', prefix .. other) end
          end
        end
        local size, gone = #answer, 0
        forget(redis.call('ZRANGEBYSCORE', index, '-inf', now, 'LIMIT', 0, 1000), false)
        local old = redis.call('STRLEN', key)
        if old > 0 and redis.call('ZSCORE', index, name .. ':' .. old) then forget({name .. ':' .. old}, false) end
        while tonumber(redis.call('GET', counter) or 0) + size > memory do
          local first = redis.call('ZRANGE', index, 0, 0)
          if #first == 0 then redis.call('SET', counter, 0) break end
          forget(first, true)
          gone = gone + 1
        end
        redis.call('SET', key, answer, 'PX', life)
        redis.call('ZADD', index, now + life, name .. ':' .. size)
        redis.call('INCRBY', counter, size)
        local last = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')[2]
        local ttl = math.ceil(last - now) + 1000
        redis.call('PEXPIRE', index, ttl)
        redis.call('PEXPIRE', counter, ttl)
        return gone
        """)
}
