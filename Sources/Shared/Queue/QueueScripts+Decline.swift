/// RELEASE, POSTPONE, REFUSE and BURY: the scripts of `JobQueue+Decline`.
extension QueueScripts {
    /// Hands an entry that this delivery has not started to the next worker.
    ///
    ///     KEYS[1] -> log
    ///     KEYS[2] -> lane
    ///     ARGV[1] -> worker
    ///     ARGV[2] -> entry
    ///     ARGV[3] -> delivery count
    ///     ARGV[4] -> n: attempts before the entry
    ///     ARGV[5] -> deadline, in ms since 1970
    ///     "released" -> a copy of the entry waits in the lane
    ///     "kept" -> not mine, or started
    package static let release = RedisScript(
        records + ownership + state + """
            local log, q = KEYS[1], KEYS[2]
            local wid, entry, count, n, deadline = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
            if not mine(q, wid, entry, count) then return 'kept' end
            local ended, k, start = look(log)
            if k > n and start and entryOf(start, q) == entry then return 'kept' end
            local e = redis.call('XRANGE', q, entry, entry)[1]
            if e then
              local fields = e[2]
              -- A deadline that counts from the entry's ID must not move with the new ID.
              if not field(e, 'dl') then fields[#fields + 1], fields[#fields + 2] = 'dl', deadline end
              redis.call('XADD', q, '*', unpack(fields))
            end
            drop(q, entry)
            return 'released'
            """)

    /// Puts an entry aside that this worker cannot run now.
    ///
    /// Nothing is started or billed.
    ///
    /// Where another entry of the same request waits already, this one is a duplicate and goes.
    ///
    ///     KEYS[1] -> lane
    ///     KEYS[2] -> delayed requests
    ///     KEYS[3] -> held fields of this request
    ///     ARGV[1] -> worker
    ///     ARGV[2] -> entry
    ///     ARGV[3] -> delivery count
    ///     ARGV[4] -> id of the request
    ///     ARGV[5] -> due, in ms since 1970
    ///     ARGV[6] -> name of the lane
    ///     ARGV[7] -> TTL of the fields in ms
    ///     ARGV[8] -> deadline in ms since 1970, or empty
    ///     "delayed" -> the request waits
    ///     "lost" -> not mine, or gone
    package static let postpone = RedisScript(
        ownership + """
            local q, delayed, held = KEYS[1], KEYS[2], KEYS[3]
            local wid, entry, count, id = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
            local due, lane, ttl, deadline = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
            if not mine(q, wid, entry, count) then return 'lost' end
            local e = redis.call('XRANGE', q, entry, entry)[1]
            if not e then return 'lost' end
            if redis.call('EXISTS', held) == 0 then
              redis.call('HSET', held, unpack(e[2]))
              if deadline ~= '' then redis.call('HSETNX', held, 'dl', deadline) end
              redis.call('PEXPIRE', held, ttl)
              redis.call('ZADD', delayed, due, lane .. ' ' .. id)
            end
            drop(q, entry)
            return 'delayed'
            """)

    /// Ends a request that cannot be run (past its deadline, undecodable) without starting an attempt.
    ///
    ///     KEYS[1] -> log
    ///     KEYS[2] -> lane
    ///     KEYS[3] -> outbox
    ///     KEYS[4] -> dead letters
    ///     ARGV[1] -> worker
    ///     ARGV[2] -> entry
    ///     ARGV[3] -> delivery count
    ///     ARGV[4] -> n: attempts before the entry
    ///     ARGV[5] -> id of the request
    ///     ARGV[6] -> TTL of the log in ms
    ///     ARGV[7] -> channel of the shim, or empty
    ///     ARGV[8] -> meta as JSON
    ///     ARGV[9] -> result: the failure as JSON
    ///     ARGV[10] -> reason for the dead letters, or empty for none
    ///     ARGV[11] -> dead letters that stay, at most
    ///     "ok" -> the request ended here
    ///     "lost" -> not mine
    ///     "ended" -> it had ended before; an attempt that nobody had billed is
    ///     "duplicate" -> another entry of the request runs
    package static let refuse = RedisScript(
        records + ownership + state + billing + estimation + retention + burial + publishing + """
            local log, q, usage, dead = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
            local wid, entry, count, n, id, ttl = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6]
            local channel, meta, result, reason, maxDead = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]
            if not mine(q, wid, entry, count) then return 'lost' end
            local ended, k, start, last, top = look(log)
            local owner = start and entryOf(start, q)
            if ended then
              if owner == entry then estimate(usage, id, k, start, last) end
              drop(q, entry)
              shorten(log, ttl)
              return 'ended'
            end
            if owner and owner ~= entry and n < k then
              drop(q, entry)
              return 'duplicate'
            end
            if k > n then estimate(usage, id, k, start, last) end
            if reason ~= '' then bury(dead, maxDead, reason, q, entry) end
            redis.call('XADD', log, END, 'k', 'e', 'st', 'error', 'a', k, 'm', meta, 'r', result)
            drop(q, entry)
            redis.call('PEXPIRE', log, ttl)
            say(channel, id, END, top or '0-0', 'e error', meta .. '\\n' .. result)
            return 'ok'
            """)

    /// Moves an entry that has no usable id to the dead letters.
    ///
    ///     KEYS[1] -> lane
    ///     KEYS[2] -> dead letters
    ///     ARGV[1] -> worker
    ///     ARGV[2] -> entry
    ///     ARGV[3] -> delivery count
    ///     ARGV[4] -> reason
    ///     ARGV[5] -> dead letters that stay, at most
    ///     1 -> moved
    ///     0 -> not mine
    package static let bury = RedisScript(
        ownership + burial + """
            local q, dead = KEYS[1], KEYS[2]
            local wid, entry, count, reason, maxDead = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
            if not mine(q, wid, entry, count) then return 0 end
            bury(dead, maxDead, reason, q, entry)
            drop(q, entry)
            return 1
            """)
}
