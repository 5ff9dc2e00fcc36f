/// The scripts of `JobQueue+Heartbeats`. Time is the server's: no two hosts' clocks are compared.
extension QueueScripts {
    /// `now`: milliseconds since 1970.
    private static let clock = """
        local t = redis.call('TIME')
        local now = t[1] * 1000 + math.floor(t[2] / 1000)

        """

    /// Notes a heartbeat; drops the expired ones, and lets the set itself expire with its last member.
    ///
    /// `allow-oom` (Redis 7.0): a full memory must not make all workers look dead; a heartbeat takes the room of its last one.
    ///
    /// KEYS workers. ARGV worker, life in ms. Returns how many are alive.
    package static let beat = RedisScript(
        "#!lua flags=allow-oom\n" + clock + """
            redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
            redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
            redis.call('PEXPIREAT', KEYS[1], redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2])
            return redis.call('ZCARD', KEYS[1])
            """)

    /// Counts the heartbeats that have not expired.
    ///
    /// KEYS workers. Returns how many are alive.
    package static let liveWorkers = RedisScript(
        clock + """
            return redis.call('ZCOUNT', KEYS[1], '(' .. string.format('%.0f', now), '+inf')
            """)

    /// Forgets consumers of workers that are gone and hold nothing.
    ///
    /// KEYS stream, workers. ARGV group, least idle time in ms. Returns how many were removed.
    package static let forgetConsumers = RedisScript(
        clock + """
            local gone = 0
            for _, c in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
              local info = {}
              for i = 1, #c, 2 do info[c[i]] = c[i + 1] end
              local beat = redis.call('ZSCORE', KEYS[2], info['name'])
              local isAlive = beat and tonumber(beat) > now
              if not isAlive and info['pending'] == 0 and info['idle'] >= tonumber(ARGV[2]) then
                redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], info['name'])
                gone = gone + 1
              end
            end
            return gone
            """)
}
