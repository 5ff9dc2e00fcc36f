/// The scripts of `JobQueue+Submit`.
extension QueueScripts {
    /// Submits a tracked request, whose log remembers it before the queue does.
    ///
    /// A body that travels beside its entry is written here too, so that one that conflicts never replaces the first.
    ///
    ///     KEYS[1] -> log
    ///     KEYS[2] -> lane
    ///     KEYS[3] -> body, where it travels beside the entry
    ///     ARGV[1] -> hash of the body
    ///     ARGV[2] -> tenant
    ///     ARGV[3] -> channel of the shim, or empty
    ///     ARGV[4] -> TTL of the log in ms
    ///     ARGV[5] -> the body where it travels beside the entry, or empty
    ///     ARGV[6] -> TTL of the body in ms
    ///     ARGV[7…] -> fields of the entry
    ///     "submitted" -> it waits in its lane
    ///     "attached" -> the same body was submitted before, or the request was cancelled before it was submitted
    ///     "conflict" -> another body was submitted before
    package static let submitTracked = RedisScript(
        refusal + """
            local log, q, stored = KEYS[1], KEYS[2], KEYS[3]
            local hash, tenant, channel, ttl, body, life = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
            if not put(log, '0-1', 'k', 'q', 'h', hash, 't', tenant, 'c', channel) then
              local first = redis.call('XRANGE', log, '0-1', '0-1')[1]
              if first == nil or first[2][4] == hash then return 'attached' end
              return 'conflict'
            end
            redis.call('PEXPIRE', log, ttl)
            if body ~= '' then redis.call('SET', stored, body, 'PX', life) end
            redis.call('XADD', q, '*', unpack(ARGV, 7))
            return 'submitted'
            """)

    /// Ends a request whatever its state.
    ///
    /// Running attempts notice at their next write, or by the message to their worker.
    ///
    /// The log never lives shorter than it would have: it must refuse the start of an entry that still waits somewhere.
    /// Without a log only the entry says how long the request can wait, hence the third TTL.
    ///
    ///     KEYS[1] -> log
    ///     ARGV[1] -> id of the request
    ///     ARGV[2] -> TTL of the log in ms
    ///     ARGV[3] -> meta as JSON
    ///     ARGV[4] -> result: the failure as JSON
    ///     ARGV[5] -> prefix of the workers' channels
    ///     ARGV[6] -> TTL of the log of a tracked request in ms
    ///     ARGV[7] -> TTL in ms where there is no log
    ///     "cancelled" -> the request ended here
    ///     "ended" -> it had ended before
    package static let cancel = RedisScript(
        records + state + refusal + retention + publishing + """
            local log, id, ttl, meta, result = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
            local workers, trackedTTL, unknownTTL = ARGV[5], ARGV[6], ARGV[7]
            local ended, k, start, last, top = look(log)
            if ended then return 'ended' end
            local life, keep = redis.call('PTTL', log), tonumber(isTracked(log) and trackedTTL or ttl)
            if not top then keep = math.max(keep, tonumber(unknownTTL)) end
            if not put(log, END, 'k', 'e', 'st', 'cancelled', 'a', k, 'm', meta, 'r', result) then return 'ended' end
            redis.call('PEXPIRE', log, math.max(keep, life))
            local known = start or last
            if known then say(field(known, 'c'), id, END, top, 'e cancelled', meta .. '\\n' .. result) end
            if start then redis.call('PUBLISH', workers .. field(start, 'w'), id) end
            return 'cancelled'
            """)
}
