/// START, APPEND, FINISH and ABORT: the scripts of `JobQueue+Run`.
extension QueueScripts {
    /// Starts an attempt: writes `a-0`, before the platform is called, if the entry is still this delivery's.
    ///
    /// The log alone does not fence a worker that slept since it read the entry: the request may have been answered,
    /// and its log may be gone. An ended request may have an attempt of this very entry that nobody has billed: its
    /// worker died, the request was cancelled, and the group was made again before a reaper came.
    ///
    ///     KEYS[1] -> log
    ///     KEYS[2] -> lane
    ///     KEYS[3] -> outbox
    ///     ARGV[1] -> attempt a
    ///     ARGV[2] -> worker
    ///     ARGV[3] -> entry
    ///     ARGV[4] -> delivery count
    ///     ARGV[5] -> TTL of the log in ms
    ///     ARGV[6] -> usage row that a reaper bills if this worker dies
    ///     ARGV[7] -> channel of the shim, or empty
    ///     ARGV[8] -> token of this reading of the entry
    ///     ARGV[9] -> id of the request
    ///     "started" -> call the platform (also for a lost reply)
    ///     "ended mine" -> ours, but the request has ended: call ABORT
    ///     "lost mine" -> ours, but the lease was lost before the reply came: call ABORT
    ///     "dropped" -> ended or a duplicate: the entry was removed, or left to its owner
    ///     "lost" -> somebody else runs it: walk away
    package static let start = RedisScript(
        records + ownership + state + refusal + retention + billing + estimation + """
            local log, q, usage = KEYS[1], KEYS[2], KEYS[3]
            local a, wid, entry, count, ttl = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
            local row, channel, token, id = ARGV[6], ARGV[7], ARGV[8], ARGV[9]
            local isHeld = mine(q, wid, entry, count)
            if isHeld and put(log, a .. '-0', 'k', 's', 'w', wid, 'e', entry, 'l', laneOf(q), 'f', '0',
              'c', channel, 'u', row, 'x', token)
            then
              redis.call('PEXPIRE', log, ttl)
              return 'started'
            end
            local ended, k, start, last = look(log)
            local owner = start and entryOf(start, q)
            local own = redis.call('XRANGE', log, a .. '-0', a .. '-0')[1]
            local isMine = own and field(own, 'w') == wid and entryOf(own, q) == entry and field(own, 'x') == token
            if ended then
              if isMine then return 'ended mine' end
              if isHeld and owner == entry then estimate(usage, id, k, start, last) end
              if owner ~= entry or isHeld then drop(q, entry) end
              if isHeld then shorten(log, ttl) end
              return 'dropped'
            end
            if isMine then return isHeld and k == tonumber(a) and 'started' or 'lost mine' end
            if not isHeld then return 'lost' end
            if owner and owner ~= entry then
              drop(q, entry)
              return 'dropped'
            end
            return 'lost'
            """)

    /// Writes deltas of many requests, each if it directly follows what this worker wrote before, and publishes them.
    ///
    /// A shim that can take it (its channel ends in `+`) gets all of one call in one message. An error of one delta is
    /// its own answer.
    ///
    ///     KEYS[i] -> log
    ///     ARGV[7i-6] -> ID of the delta, `a-s`
    ///     ARGV[7i-5] -> ID before it, `a-(s-1)`
    ///     ARGV[7i-4] -> worker
    ///     ARGV[7i-3] -> delta
    ///     ARGV[7i-2] -> output tokens so far
    ///     ARGV[7i-1] -> id of the request
    ///     ARGV[7i] -> channel of the shim, or empty
    ///     a list of these, one per log:
    ///     "ok" -> it is in the log (also where it was there already)
    ///     "ended" -> the request has ended
    ///     "fenced" -> a later attempt runs, or another worker's
    ///     "behind" -> Redis lost what we wrote before: RESYNC, then replay
    package static let append = RedisScript(
        records + publishing + gathering + """
            local function append(log, at, prev, wid, delta, tokens, id, channel)
              local top = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
              if not top then return 'behind' end
              if top[1] == prev then
                if field(top, 'w') ~= wid then return 'fenced' end
                redis.call('XADD', log, 'NOMKSTREAM', at, 'k', 'd', 'w', wid, 't', tokens, 'd', delta)
                gather(channel, id, at, prev, 'd', delta)
                return 'ok'
              end
              if top[1] == END then return 'ended' end
              local a, ta = attempt(at), attempt(top[1])
              if ta > a then return 'fenced' end
              if ta == a and field(top, 'w') ~= wid then return 'fenced' end
              if ta == a and seq(top[1]) >= seq(at) then return 'ok' end
              return 'behind'
            end
            local verdicts = {}
            for i = 1, #KEYS do
              local ok, verdict = pcall(append, KEYS[i], unpack(ARGV, 7 * i - 6, 7 * i))
              if not ok and type(verdict) ~= 'table' then verdict = {err = tostring(verdict)} end
              verdicts[i] = verdict
            end
            tell()
            return verdicts
            """)

    /// Ends the request with this attempt's result: log end, ledger row, queue entry and message, all at once.
    ///
    ///     KEYS[1] -> log
    ///     KEYS[2] -> lane
    ///     KEYS[3] -> outbox
    ///     ARGV[1] -> attempt a
    ///     ARGV[2] -> worker
    ///     ARGV[3] -> entry
    ///     ARGV[4] -> delivery count
    ///     ARGV[5] -> ID of the last record written, `a-s`
    ///     ARGV[6] -> TTL of the log in ms
    ///     ARGV[7] -> channel of the shim, or empty
    ///     ARGV[8] -> id of the request
    ///     ARGV[9] -> status: `done`, `error` or `cancelled`
    ///     ARGV[10] -> meta as JSON
    ///     ARGV[11] -> result
    ///     ARGV[12] -> usage row
    ///     "ok" -> the request has ended (also for a lost reply)
    ///     "behind" -> nothing was done: RESYNC, and again
    ///     "ended" -> it had ended: the attempt was billed, nothing else
    ///     "fenced" -> another attempt runs: this one was billed, nothing else
    package static let finish = RedisScript(
        records + ownership + billing + publishing + """
            local log, q, usage = KEYS[1], KEYS[2], KEYS[3]
            local a, wid, entry, count, lastID, ttl = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
            local channel, id, status, meta, result, row = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12]
            local top = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
            if not top then return 'behind' end
            if top[1] == lastID then
              local own = top
              if seq(top[1]) > 0 then own = redis.call('XRANGE', log, a .. '-0', a .. '-0')[1] end
              if own and field(own, 'w') == wid and entryOf(own, q) == entry then
                redis.call('XADD', log, END, 'k', 'e', 'st', status, 'a', a, 'w', wid, 'm', meta, 'r', result)
                bill(usage, id, a, '1', row)
                drop(q, entry)
                redis.call('PEXPIRE', log, ttl)
                say(channel, id, END, lastID, 'e ' .. status, meta .. '\\n' .. result)
                return 'ok'
              end
            elseif top[1] ~= END then
              local number, ta = tonumber(a), attempt(top[1])
              if ta < number or (ta == number and seq(top[1]) < seq(lastID)) then return 'behind' end
            end
            bill(usage, id, a, '1', row)
            if top[1] ~= END then return 'fenced' end
            if mine(q, wid, entry, count) then drop(q, entry) end
            if field(top, 'w') == wid and field(top, 'a') == a then return 'ok' end
            return 'ended'
            """)

    /// Gives up an attempt: it is billed, and the entry leaves the queue only if the request has ended.
    ///
    ///     KEYS[1] -> log
    ///     KEYS[2] -> lane
    ///     KEYS[3] -> outbox
    ///     ARGV[1] -> attempt a
    ///     ARGV[2] -> worker
    ///     ARGV[3] -> entry
    ///     ARGV[4] -> delivery count
    ///     ARGV[5] -> id of the request
    ///     ARGV[6] -> usage row
    ///     "ended" -> the request has ended
    ///     "open" -> somebody else may run it
    package static let abort = RedisScript(
        records + ownership + billing + """
            local log, q, usage = KEYS[1], KEYS[2], KEYS[3]
            local a, wid, entry, count, id, row = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
            bill(usage, id, a, '1', row)
            local top = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
            if not top or top[1] ~= END then return 'open' end
            if mine(q, wid, entry, count) then drop(q, entry) end
            return 'ended'
            """)
}
