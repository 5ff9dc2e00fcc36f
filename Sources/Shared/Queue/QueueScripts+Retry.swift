/// NEXT and RETRY LATER: the scripts of `JobQueue+Retry`.
extension QueueScripts {
    /// Goes on to the next attempt of the same claim (another account or model), as long as no text was shown.
    ///
    /// The delivery count rises with the attempt, so that the count goes on telling attempts apart. `f` in the start
    /// record says how many deliveries were our own choice, and the reaper leaves those out when it looks for poison.
    /// It goes on from the record before, which may be a reaper's that took over somebody else's failovers.
    ///
    ///     KEYS[1] -> log
    ///     KEYS[2] -> lane
    ///     KEYS[3] -> outbox
    ///     ARGV[1] -> attempt a
    ///     ARGV[2] -> worker
    ///     ARGV[3] -> entry
    ///     ARGV[4] -> delivery count
    ///     ARGV[5] -> id of the request
    ///     ARGV[6] -> usage row of a
    ///     ARGV[7] -> usage row of a+1
    ///     ARGV[8] -> TTL of the log in ms
    ///     ARGV[9] -> token of this reading of the entry
    ///     ARGV[10] -> usage row of an a+1 that was never called
    ///     "started" -> attempt a+1, delivery count + 1 (also for a lost reply)
    ///     "ended" -> the request has ended: stop
    ///     "fenced" -> somebody else has the entry: stop
    ///     in all cases -> a is billed; on a stop also an a+1 that was started and whose reply was lost
    package static let next = RedisScript(
        records + ownership + state + billing + """
            local log, q, usage = KEYS[1], KEYS[2], KEYS[3]
            local a, wid, entry, count, id, row = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
            local nextRow, ttl, token, uncalledRow = ARGV[7], ARGV[8], ARGV[9], ARGV[10]
            local following = tonumber(a) + 1
            bill(usage, id, a, '1', row)
            local ended, k, start, last, top = look(log)
            -- A reaper of this very worker may have started a + 1, too.
            local isNext = k == following and start and field(start, 'w') == wid and entryOf(start, q) == entry
              and field(start, 'x') == token
            if not isNext or ended then
              -- a + 1 was started, its reply was lost, and the request has ended or gone on elsewhere: it was never called.
              local own = redis.call('XRANGE', log, following .. '-0', following .. '-0')[1]
              if own and field(own, 'w') == wid and field(own, 'x') == token then
                bill(usage, id, following, '1', uncalledRow)
              end
            end
            if ended then
              if mine(q, wid, entry, count) or mine(q, wid, entry, count + 1) then drop(q, entry) end
              return 'ended'
            end
            if isNext then return 'started' end
            if top ~= a .. '-0' or field(last, 'w') ~= wid or not mine(q, wid, entry, count) then return 'fenced' end
            redis.call('XCLAIM', q, 'workers', wid, 0, entry)
            local chosen = tonumber(field(start, 'f') or 0) + 1
            redis.call('XADD', log, following .. '-0', 'k', 's', 'w', wid, 'e', entry, 'l', laneOf(q),
              'f', chosen, 'c', field(start, 'c') or '', 'u', nextRow, 'x', token)
            redis.call('PEXPIRE', log, ttl)
            return 'started'
            """)

    /// Puts a request aside until a time: the entry's fields move to `held`, with `n` = the attempts so far.
    ///
    ///     KEYS[1] -> log
    ///     KEYS[2] -> lane
    ///     KEYS[3] -> outbox
    ///     KEYS[4] -> delayed requests
    ///     KEYS[5] -> held fields of this request
    ///     ARGV[1] -> attempt a
    ///     ARGV[2] -> worker
    ///     ARGV[3] -> entry
    ///     ARGV[4] -> delivery count
    ///     ARGV[5] -> id of the request
    ///     ARGV[6] -> usage row
    ///     ARGV[7] -> due, in ms since 1970
    ///     ARGV[8] -> name of the lane
    ///     ARGV[9] -> TTL of log and fields in ms
    ///     ARGV[10] -> deadline, in ms since 1970
    ///     ARGV[11] -> attempts so far as JSON, or empty
    ///     "delayed" -> it waits
    ///     "ended" -> the request has ended
    ///     "fenced" -> somebody else has the entry
    ///     in all cases -> a is billed
    package static let retryLater = RedisScript(
        records + ownership + state + billing + """
            local log, q, usage, delayed, held = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
            local a, wid, entry, count, id, row = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
            local due, lane, ttl, deadline, trail = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]
            bill(usage, id, a, '1', row)
            local ended, k, start = look(log)
            local isMine = mine(q, wid, entry, count)
            if ended then
              if isMine then drop(q, entry) end
              return 'ended'
            end
            if not isMine or k ~= tonumber(a) then return 'fenced' end
            local e = redis.call('XRANGE', q, entry, entry)[1]
            if not e then return 'fenced' end
            -- Another entry of the same request may have been put aside before.
            redis.call('DEL', held)
            redis.call('HSET', held, unpack(e[2]))
            redis.call('HSETNX', held, 'dl', deadline)
            redis.call('HSET', held, 'n', a)
            -- Deliveries of its next entry are counted anew. Workers that died over this one are not forgotten.
            local died = tonumber(count) - 1 - tonumber(start and field(start, 'f') or 0)
            if died > 0 then redis.call('HINCRBY', held, 'ld', died) end
            if trail ~= '' then redis.call('HSET', held, 'at', trail) end
            redis.call('PEXPIRE', held, ttl)
            redis.call('PEXPIRE', log, ttl)
            redis.call('ZADD', delayed, due, lane .. ' ' .. id)
            drop(q, entry)
            return 'delayed'
            """)
}
