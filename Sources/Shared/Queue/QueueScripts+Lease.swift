/// RENEW and RESYNC: the scripts of `JobQueue+Lease`.
extension QueueScripts {
    /// Extends the leases of everything a worker runs, in one call.
    ///
    ///     KEYS[2i-1] -> lane of job i
    ///     KEYS[2i] -> log of job i
    ///     ARGV[1] -> worker
    ///     ARGV[3i-1] -> entry of job i
    ///     ARGV[3i] -> its delivery count
    ///     ARGV[3i+1] -> TTL of its log in ms
    ///     list, one number per job -> 1 (held) or 0 (lost: call ABORT)
    package static let renew = RedisScript(
        ownership + """
            local worker, held = ARGV[1], {}
            for i = 1, #KEYS / 2 do
              local q, log = KEYS[2 * i - 1], KEYS[2 * i]
              local entry, count, ttl = ARGV[3 * i - 1], ARGV[3 * i], ARGV[3 * i + 1]
              if mine(q, worker, entry, count) then
                redis.call('XCLAIM', q, 'workers', worker, 0, entry, 'JUSTID')
                redis.call('PEXPIRE', log, ttl)
                held[i] = 1
              else
                held[i] = 0
              end
            end
            return held
            """)

    /// Tells what Redis still knows of a running attempt, after a reconnect or a `behind`.
    ///
    ///     KEYS[1] -> log
    ///     KEYS[2] -> lane
    ///     ARGV[1] -> attempt a
    ///     ARGV[2] -> worker
    ///     ARGV[3] -> entry
    ///     ARGV[4] -> delivery count
    ///     {"held", s} -> the log has a up to `a-s`
    ///     {"unstarted"} -> the entry is mine, but `a-0` is gone: START again
    ///     {"ended"} -> the request has ended
    ///     {"lost"} -> somebody else has the entry
    package static let resync = RedisScript(
        records + ownership + state + """
            local log, q = KEYS[1], KEYS[2]
            local a, wid, entry, count = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
            local ended, k, start, last = look(log)
            if ended then return {'ended'} end
            if not mine(q, wid, entry, count) then return {'lost'} end
            if k == a and start and field(start, 'w') == wid and entryOf(start, q) == entry then
              return {'held', seq(last[1])}
            end
            if k < a then return {'unstarted'} end
            return {'lost'}
            """)
}
