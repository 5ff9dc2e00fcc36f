/// REAP: the script of `JobQueue+Reap`.
extension QueueScripts {
    /// Decides about an entry whose lease ran out.
    ///
    /// Call it right after XAUTOCLAIM gave the entry to this worker.
    ///
    ///     KEYS[1] -> log
    ///     KEYS[2] -> lane
    ///     KEYS[3] -> outbox
    ///     KEYS[4] -> dead letters
    ///     ARGV[1] -> worker
    ///     ARGV[2] -> entry
    ///     ARGV[3] -> n: attempts before the entry
    ///     ARGV[4] -> id of the request
    ///     ARGV[5] -> TTL of the log in ms while it runs
    ///     ARGV[6] -> TTL of the log in ms once it has ended
    ///     ARGV[7] -> channel of the shim, or empty
    ///     ARGV[8] -> usage row of the attempt that would start
    ///     ARGV[9] -> deliveries that end in a dead worker, at most
    ///     ARGV[10] -> `fail` or `restart`, once text was shown
    ///     ARGV[11] -> meta as JSON
    ///     ARGV[12] -> result where it is poison
    ///     ARGV[13] -> result where the worker was lost
    ///     ARGV[14] -> dead letters that stay, at most
    ///     ARGV[15] -> token of this reading of the entry
    ///     ARGV[16] -> workers that died over the request before this entry
    ///     {"run", a, delivery count} -> attempt a was started for this worker (also for a lost reply)
    ///     {"lost"} -> another reaper has the entry
    ///     {"ended"} -> the request has ended; an attempt that nobody had billed is
    ///     {"duplicate"} -> another entry of the request runs
    ///     {"poison"} -> it became a dead letter, and the request ended
    ///     {"worker_lost"} -> the request ended, because text was shown or its log is beyond all attempts
    package static let reap = RedisScript(
        records + ownership + state + refusal + billing + estimation + burial + publishing + """
            local log, q, usage, dead = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
            local wid, entry, n, id, runningTTL, endedTTL = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
            local channel, row, maxDeliveries, onLoss, meta = ARGV[7], ARGV[8], tonumber(ARGV[9]), ARGV[10], ARGV[11]
            local poison, workerLost, maxDead, token, deaths = ARGV[12], ARGV[13], ARGV[14], ARGV[15], tonumber(ARGV[16])
            local p = redis.call('XPENDING', q, 'workers', entry, entry, 1)[1]
            if not p or p[2] ~= wid then return {'lost'} end
            local count = p[4]
            local a = n + count
            local ended, k, start, last, top = look(log)
            local owner = start and entryOf(start, q)
            if ended then
              if owner == entry then estimate(usage, id, k, start, last) end
              drop(q, entry)
              return {'ended'}
            end
            if owner == entry and field(start, 'w') == wid and field(start, 'x') == token then return {'run', k, count} end
            if owner and owner ~= entry and n < k then
              drop(q, entry)
              return {'duplicate'}
            end
            local chosen, shown = 0, false
            if k > n then
              estimate(usage, id, k, start, last)
              chosen = tonumber(start and field(start, 'f') or 0)
              shown = seq(last[1]) > 0
            end
            local function close(result, reason)
              redis.call('XADD', log, END, 'k', 'e', 'st', 'error', 'a', k, 'm', meta, 'r', result)
              drop(q, entry)
              redis.call('PEXPIRE', log, endedTTL)
              say(channel, id, END, top or '0-0', 'e error', meta .. '\\n' .. result)
              return {reason}
            end
            if count - chosen >= maxDeliveries - deaths then
              bury(dead, maxDead, 'poison', q, entry)
              return close(poison, 'poison')
            end
            if shown and onLoss == 'fail' then return close(workerLost, 'worker_lost') end
            -- Where the group was made again deliveries are counted anew. Attempts are not.
            if k >= a then a = k + 1 end
            -- A log beyond all attempts is none of ours: nobody could ever go on.
            if a > 1e9 or not put(log, a .. '-0', 'k', 's', 'w', wid, 'e', entry, 'l', laneOf(q), 'f', chosen,
              'c', channel, 'u', row, 'x', token)
            then
              return close(workerLost, 'worker_lost')
            end
            redis.call('PEXPIRE', log, runningTTL)
            if top then say(channel, id, a .. '-0', top, 's', '') end
            return {'run', a, count}
            """)
}
