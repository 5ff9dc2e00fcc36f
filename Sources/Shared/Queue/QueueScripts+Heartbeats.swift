/// The scripts of `JobQueue+Heartbeats`, in the server's time: no two hosts' clocks are compared.
extension QueueScripts {
    /// `now`: milliseconds since 1970.
    private static let clock = """
        local t = redis.call('TIME')
        local now = t[1] * 1000 + math.floor(t[2] / 1000)

        """

    /// Notes a heartbeat, drops the expired ones, and lets the set itself expire with its last member.
    ///
    /// `allow-oom` (Redis 7.0): a full memory must not make all workers look dead, and a heartbeat takes the room of
    /// the worker's last one.
    ///
    ///     KEYS[1] -> heartbeats
    ///     ARGV[1] -> worker
    ///     ARGV[2] -> life in ms
    ///     number -> workers that are alive
    package static let beat = RedisScript(
        "#!lua flags=allow-oom\n" + clock + """
            local workers, worker, life = KEYS[1], ARGV[1], ARGV[2]
            redis.call('ZREMRANGEBYSCORE', workers, '-inf', now)
            redis.call('ZADD', workers, now + life, worker)
            redis.call('PEXPIREAT', workers, redis.call('ZREVRANGE', workers, 0, 0, 'WITHSCORES')[2])
            return redis.call('ZCARD', workers)
            """)

    /// Counts the heartbeats that have not expired.
    ///
    ///     KEYS[1] -> heartbeats
    ///     number -> workers that are alive
    package static let liveWorkers = RedisScript(
        clock + """
            return redis.call('ZCOUNT', KEYS[1], '(' .. string.format('%.0f', now), '+inf')
            """)

    /// Tells which workers are alive, and until when.
    ///
    ///     KEYS[1] -> heartbeats
    ///     ARGV[1] -> workers, at most
    ///     {now in ms since 1970, list of worker and expiry, one after the other} -> always
    static let heartbeats = RedisScript(
        clock + """
            local moment = string.format('%.0f', now)
            return {moment, redis.call('ZRANGE', KEYS[1], '(' .. moment, '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[1],
              'WITHSCORES')}
            """)

    /// Forgets consumers of workers that are gone and hold nothing.
    ///
    ///     KEYS[1] -> stream
    ///     KEYS[2] -> heartbeats
    ///     ARGV[1] -> group
    ///     ARGV[2] -> least idle time in ms
    ///     number -> consumers that were removed
    package static let forgetConsumers = RedisScript(
        clock + """
            local stream, workers, group, silence, gone = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2]), 0
            for _, c in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group)) do
              local info = {}
              for i = 1, #c, 2 do info[c[i]] = c[i + 1] end
              local beat = redis.call('ZSCORE', workers, info['name'])
              local isAlive = beat and tonumber(beat) > now
              if not isAlive and info['pending'] == 0 and info['idle'] >= silence then
                redis.call('XGROUP', 'DELCONSUMER', stream, group, info['name'])
                gone = gone + 1
              end
            end
            return gone
            """)
}
