/// The state moves of QUEUE.md, one Lua script each; KEYS, ARGV and every return value stand above each script.
///
/// Words: *mine* = the pending list names this worker and this delivery count for the entry; *top* = last entry of the
/// log; *k* = attempt of the last entry before the end; *owner* = the queue entry named in record `k-0`.
/// A log record has the field `k`: `q` queued, `s` started, `d` delta, `e` end.
/// Only the error "equal or smaller" is a refusal. Everything else (OOM, READONLY, MISCONF) is raised to the caller.
package enum QueueScripts {
    package static let end = "18446744073709551615-0"

    // MARK: - Building blocks

    /// `field(record, name)`; `attempt(id)`, `seq(id)` of a log ID as numbers.
    static let records = """
        local END = '\(end)'
        local function field(record, name)
          local f = record[2]
          for i = 1, #f, 2 do if f[i] == name then return f[i + 1] end end
        end
        local function attempt(id) return tonumber(string.match(id, '^(%d+)-')) end
        local function seq(id) return tonumber(string.match(id, '-(%d+)$')) end

        """

    /// `mine(q, wid, entry, count)`, and `entryOf(record, q)`, the queue entry that a start record names.
    ///
    /// It is none of this lane's where the record names another: entry IDs are unique in one lane only, and a producer may send
    /// a request into two.
    static let ownership = """
        local function laneOf(q) return string.match(q, '[^:]*$') end
        local function entryOf(record, q)
          local e, l
          for i = 1, #record[2], 2 do
            if record[2][i] == 'e' then e = record[2][i + 1] elseif record[2][i] == 'l' then l = record[2][i + 1] end
          end
          if l and l ~= laneOf(q) then return l .. ' ' .. e end
          return e
        end
        local function mine(q, wid, entry, count)
          local p = redis.call('XPENDING', q, 'workers', entry, entry, 1)[1]
          return p and p[2] == wid and p[4] == tonumber(count)
        end
        local function drop(q, entry)
          redis.call('XACK', q, 'workers', entry)
          redis.call('XDEL', q, entry)
        end

        """

    /// `look(log)` → {ended, k, start record of k or nil, last record before the end or nil, top id or nil}.
    private static let state = """
        local function look(log)
          local rows = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 2)
          local ended = rows[1] ~= nil and rows[1][1] == END
          local last = rows[1]
          if ended then last = rows[2] end
          local k, start = 0, nil
          if last then
            k = attempt(last[1])
            if k > 0 then
              if seq(last[1]) == 0 then start = last
              else
                -- As it is written: Lua has its own idea of how a large number looks.
                local id = string.match(last[1], '^%d+') .. '-0'
                start = redis.call('XRANGE', log, id, id)[1]
              end
            end
          end
          return ended, k, start, last, rows[1] and rows[1][1]
        end

        """

    /// `put(log, id, ...)` → true, or false where Redis refused the ID; any other error is raised.
    private static let refusal = """
        local function put(log, id, ...)
          local r = redis.pcall('XADD', log, id, ...)
          if type(r) == 'table' and r.err then
            if string.find(r.err, 'equal or smaller', 1, true) then return false end
            error(r)
          end
          return true
        end

        """

    /// `bill(usage, id, a, final, row, tokens)` puts one attempt into the outbox.
    private static let billing = """
        local function bill(usage, id, a, final, row, tokens)
          redis.call('XADD', usage, '*', 'id', id, 'a', a, 'f', final, 'u', row or '', 't', tokens or '0')
        end

        """

    /// `estimate(usage, id, k, start, last)` bills an attempt whose worker is gone, from its own start record.
    private static let estimation = """
        local function estimate(usage, id, k, start, last)
          if start then bill(usage, id, k, '0', field(start, 'u'), field(last, 't') or '0') end
        end

        """

    /// `isTracked(log)`; `shorten(log, ttl)`: the log of a request without an entry, unless it is tracked.
    private static let retention = """
        local function isTracked(log)
          local first = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
          return first and field(first, 'k') == 'q'
        end
        local function shorten(log, ttl)
          if redis.call('PTTL', log) > tonumber(ttl) and not isTracked(log) then redis.call('PEXPIRE', log, ttl) end
        end

        """

    /// Bytes from which on a message only points to its record.
    ///
    /// Redis drops a subscriber with 32 MB unsent, or 8 MB for a minute (its defaults): a shim that lost its subscription would
    /// hear of nothing until it is back, so a hundred messages of one moment must fit.
    package static let largestMessage = 256 * 1024

    /// `say(channel, id, entry, prev, kind, body)`: the message a shim receives; `p <bytes>` where the body is large.
    private static let publishing = """
        local function say(channel, id, at, prev, kind, body)
          if channel and channel ~= '' then
            if #body > \(largestMessage) then kind, body = 'p ' .. #body, '' end
            redis.call('PUBLISH', channel, id .. ' ' .. at .. ' ' .. prev .. ' ' .. kind .. '\\n' .. body)
          end
        end

        """

    /// `bury(dead, most, why, q, entry)`: an entry is copied to the dead letters, of which about `most` stay.
    ///
    /// Lua hands over some 8,000 values at most; an entry with more fields than that keeps the first 1,000 of them.
    private static let burial = """
        local function bury(dead, most, why, q, entry)
          local e = redis.call('XRANGE', q, entry, entry)[1]
          if not e then return end
          local fields = e[2]
          redis.call('XADD', dead, 'MAXLEN', '~', most, '*', 'why', why, 'lane', q, unpack(fields, 1, math.min(#fields, 2000)))
        end

        """

    // MARK: - Submitting

    /// A tracked request: its log remembers it before the queue does.
    ///
    /// A body that travels beside its entry is written here too, so that one that conflicts never replaces the first.
    /// KEYS log, q, body. ARGV body hash, tenant, channel, TTL of the log in ms, the body or empty, its TTL in ms, then the
    /// fields of the entry.
    /// Returns `submitted`; `attached` (same body, or cancelled before it was submitted); `conflict` (other body).
    package static let submitTracked = RedisScript(
        refusal + """
            if not put(KEYS[1], '0-1', 'k', 'q', 'h', ARGV[1], 't', ARGV[2], 'c', ARGV[3]) then
              local first = redis.call('XRANGE', KEYS[1], '0-1', '0-1')[1]
              if first == nil or first[2][4] == ARGV[1] then return 'attached' end
              return 'conflict'
            end
            redis.call('PEXPIRE', KEYS[1], ARGV[4])
            if ARGV[5] ~= '' then redis.call('SET', KEYS[3], ARGV[5], 'PX', ARGV[6]) end
            redis.call('XADD', KEYS[2], '*', unpack(ARGV, 7))
            return 'submitted'
            """)

    /// Ends a request whatever its state; running attempts notice at their next write or by the nudge.
    ///
    /// The log never lives shorter than it would have: it must refuse the start of an entry that still waits somewhere.
    /// KEYS log. ARGV id, TTL in ms, meta, result, channel prefix of workers, TTL of a tracked request in ms, TTL in ms where
    /// there is no log, so that only an entry may tell how long the request can wait.
    /// Returns `cancelled`, or `ended` where the log has an end already.
    package static let cancel = RedisScript(
        records + state + refusal + retention + publishing + """
            local ended, k, start, last, top = look(KEYS[1])
            if ended then return 'ended' end
            local life, keep = redis.call('PTTL', KEYS[1]), tonumber(isTracked(KEYS[1]) and ARGV[6] or ARGV[2])
            if not top then keep = math.max(keep, tonumber(ARGV[7])) end
            if not put(KEYS[1], END, 'k', 'e', 'st', 'cancelled', 'a', k, 'm', ARGV[3], 'r', ARGV[4]) then return 'ended' end
            redis.call('PEXPIRE', KEYS[1], math.max(keep, life))
            local known = start or last
            if known then
              say(field(known, 'c'), ARGV[1], END, top, 'e cancelled', ARGV[3] .. '\\n' .. ARGV[4])
            end
            if start then redis.call('PUBLISH', ARGV[5] .. field(start, 'w'), ARGV[1]) end
            return 'cancelled'
            """)

    // MARK: - Claiming

    /// Writes `a-0`, before the platform is called, if the entry is still this delivery's.
    ///
    /// A worker that slept since it read the entry may find no log: the request was answered long ago. So the log alone does
    /// not fence it.
    /// An ended request may have an attempt of this very entry that nobody billed: its worker died, the request was
    /// cancelled, and the group was made again before a reaper came.
    /// KEYS log, q, usage. ARGV a, worker, entry, delivery count, log TTL in ms, usage row, channel, token, id.
    /// Returns `started` (also for a lost reply); `ended mine` (ours and ended: call ABORT); `lost mine` (ours, but the lease
    /// was lost before the reply came: call ABORT); `dropped` (ended or duplicate, entry removed or left to its owner); `lost`
    /// (somebody else runs it: walk away).
    package static let start = RedisScript(
        records + ownership + state + refusal + retention + billing + estimation + """
            local a, wid, entry = tonumber(ARGV[1]), ARGV[2], ARGV[3]
            local isHeld = mine(KEYS[2], wid, entry, ARGV[4])
            if isHeld and put(KEYS[1], ARGV[1] .. '-0', 'k', 's', 'w', wid, 'e', entry, 'l', laneOf(KEYS[2]), 'f', '0',
              'c', ARGV[7], 'u', ARGV[6], 'x', ARGV[8])
            then
              redis.call('PEXPIRE', KEYS[1], ARGV[5])
              return 'started'
            end
            local ended, k, start, last = look(KEYS[1])
            local owner = start and entryOf(start, KEYS[2])
            local own = redis.call('XRANGE', KEYS[1], ARGV[1] .. '-0', ARGV[1] .. '-0')[1]
            local isMine = own and field(own, 'w') == wid and entryOf(own, KEYS[2]) == entry and field(own, 'x') == ARGV[8]
            if ended then
              if isMine then return 'ended mine' end
              if isHeld and owner == entry then estimate(KEYS[3], ARGV[9], k, start, last) end
              if owner ~= entry or isHeld then drop(KEYS[2], entry) end
              if isHeld then shorten(KEYS[1], ARGV[5]) end
              return 'dropped'
            end
            if isMine then return isHeld and k == a and 'started' or 'lost mine' end
            if not isHeld then return 'lost' end
            if owner and owner ~= entry then
              drop(KEYS[2], entry)
              return 'dropped'
            end
            return 'lost'
            """)

    /// Hands an entry that this delivery has not started to the next worker.
    ///
    /// KEYS log, q. ARGV worker, entry, delivery count, n, deadline. Returns `released`, or `kept` (not mine, or started).
    package static let release = RedisScript(
        records + ownership + state + """
            if not mine(KEYS[2], ARGV[1], ARGV[2], ARGV[3]) then return 'kept' end
            local ended, k, start = look(KEYS[1])
            if k > tonumber(ARGV[4]) and start and entryOf(start, KEYS[2]) == ARGV[2] then return 'kept' end
            local e = redis.call('XRANGE', KEYS[2], ARGV[2], ARGV[2])[1]
            if e then
              local fields = e[2]
              -- The deadline that counts from the entry's ID must not move with the new ID.
              if not field(e, 'dl') then fields[#fields + 1], fields[#fields + 2] = 'dl', ARGV[5] end
              redis.call('XADD', KEYS[2], '*', unpack(fields))
            end
            drop(KEYS[2], ARGV[2])
            return 'released'
            """)

    // MARK: - Running

    /// Writes one delta if it directly follows what this worker wrote before, and tells the shim.
    ///
    /// KEYS log. ARGV `a-s`, `a-(s-1)`, worker, delta, output tokens so far, id, channel.
    /// Returns `ok` (also if it was there already); `ended`; `fenced` (a later attempt, or another worker's); `behind`
    /// (Redis lost what we wrote before: RESYNC, then replay).
    package static let append = RedisScript(
        records + publishing + """
            local top = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
            if not top then return 'behind' end
            if top[1] == ARGV[2] then
              if field(top, 'w') ~= ARGV[3] then return 'fenced' end
              redis.call('XADD', KEYS[1], 'NOMKSTREAM', ARGV[1], 'k', 'd', 'w', ARGV[3], 't', ARGV[5], 'd', ARGV[4])
              say(ARGV[7], ARGV[6], ARGV[1], ARGV[2], 'd', ARGV[4])
              return 'ok'
            end
            if top[1] == END then return 'ended' end
            local a, ta = attempt(ARGV[1]), attempt(top[1])
            if ta > a then return 'fenced' end
            if ta == a and field(top, 'w') ~= ARGV[3] then return 'fenced' end
            if ta == a and seq(top[1]) >= seq(ARGV[1]) then return 'ok' end
            return 'behind'
            """)

    /// Ends the request with this attempt's result; everything that belongs to the end happens here, at once.
    ///
    /// KEYS log, q, usage. ARGV a, worker, entry, delivery count, `a-<last seq>`, log TTL in ms, channel, id, status, meta,
    /// result, usage row. Returns `ok` (also for a lost reply); `behind` (nothing was done: RESYNC and again);
    /// `ended` or `fenced` (the attempt was billed, nothing else).
    package static let finish = RedisScript(
        records + ownership + billing + publishing + """
            local wid, entry = ARGV[2], ARGV[3]
            local top = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
            if not top then return 'behind' end
            if top[1] == ARGV[5] then
              local own = top
              if seq(top[1]) > 0 then own = redis.call('XRANGE', KEYS[1], ARGV[1] .. '-0', ARGV[1] .. '-0')[1] end
              if own and field(own, 'w') == wid and entryOf(own, KEYS[2]) == entry then
                redis.call('XADD', KEYS[1], END, 'k', 'e', 'st', ARGV[9], 'a', ARGV[1], 'w', wid, 'm', ARGV[10], 'r', ARGV[11])
                bill(KEYS[3], ARGV[8], ARGV[1], '1', ARGV[12])
                drop(KEYS[2], entry)
                redis.call('PEXPIRE', KEYS[1], ARGV[6])
                say(ARGV[7], ARGV[8], END, ARGV[5], 'e ' .. ARGV[9], ARGV[10] .. '\\n' .. ARGV[11])
                return 'ok'
              end
            elseif top[1] ~= END then
              local a, ta = tonumber(ARGV[1]), attempt(top[1])
              if ta < a or (ta == a and seq(top[1]) < seq(ARGV[5])) then return 'behind' end
            end
            bill(KEYS[3], ARGV[8], ARGV[1], '1', ARGV[12])
            if top[1] ~= END then return 'fenced' end
            if mine(KEYS[2], wid, entry, ARGV[4]) then drop(KEYS[2], entry) end
            if field(top, 'w') == wid and field(top, 'a') == ARGV[1] then return 'ok' end
            return 'ended'
            """)

    /// Gives up an attempt: it is billed, and the entry leaves the queue only if the request has ended.
    ///
    /// KEYS log, q, usage. ARGV a, worker, entry, delivery count, id, usage row. Returns `ended` or `open`.
    package static let abort = RedisScript(
        records + ownership + billing + """
            bill(KEYS[3], ARGV[5], ARGV[1], '1', ARGV[6])
            local top = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
            if not top or top[1] ~= END then return 'open' end
            if mine(KEYS[2], ARGV[2], ARGV[3], ARGV[4]) then drop(KEYS[2], ARGV[3]) end
            return 'ended'
            """)

    /// Goes on to the next attempt of the same claim (another account or model), as long as no text was shown.
    ///
    /// The delivery count rises with the attempt, so that the count goes on telling attempts apart; `f` in the start
    /// record says how many deliveries were our own choice, and the reaper leaves those out when it looks for poison. It goes
    /// on from the record before, which may be a reaper's that took over somebody else's failovers.
    /// KEYS log, q, usage. ARGV a, worker, entry, delivery count, id, usage row of a, usage row of a+1, log TTL in ms, token,
    /// usage row of an a+1 that was never called.
    /// Returns `started` (attempt a+1, count+1; also for a lost reply), `ended` or `fenced`: stop. In both cases a is billed,
    /// and so is a+1 if it was started and its reply lost.
    package static let next = RedisScript(
        records + ownership + state + billing + """
            local a, wid, entry = tonumber(ARGV[1]), ARGV[2], ARGV[3]
            bill(KEYS[3], ARGV[5], ARGV[1], '1', ARGV[6])
            local ended, k, start, last, top = look(KEYS[1])
            -- A reaper of this very worker may have started a + 1, too.
            local isNext = k == a + 1 and start and field(start, 'w') == wid and entryOf(start, KEYS[2]) == entry
              and field(start, 'x') == ARGV[9]
            if not isNext or ended then
              -- a + 1 was started, its reply was lost, and the request has ended or gone on elsewhere: it was never called.
              local own = redis.call('XRANGE', KEYS[1], (a + 1) .. '-0', (a + 1) .. '-0')[1]
              if own and field(own, 'w') == wid and field(own, 'x') == ARGV[9] then
                bill(KEYS[3], ARGV[5], a + 1, '1', ARGV[10])
              end
            end
            if ended then
              if mine(KEYS[2], wid, entry, ARGV[4]) or mine(KEYS[2], wid, entry, ARGV[4] + 1) then drop(KEYS[2], entry) end
              return 'ended'
            end
            if isNext then return 'started' end
            if top ~= ARGV[1] .. '-0' or field(last, 'w') ~= wid or not mine(KEYS[2], wid, entry, ARGV[4]) then
              return 'fenced'
            end
            redis.call('XCLAIM', KEYS[2], 'workers', wid, 0, entry)
            local chosen = tonumber(field(start, 'f') or 0) + 1
            redis.call('XADD', KEYS[1], (a + 1) .. '-0', 'k', 's', 'w', wid, 'e', entry, 'l', laneOf(KEYS[2]),
              'f', chosen, 'c', field(start, 'c') or '', 'u', ARGV[7], 'x', ARGV[9])
            redis.call('PEXPIRE', KEYS[1], ARGV[8])
            return 'started'
            """)

    /// Extends the leases of everything a worker runs, in one call.
    ///
    /// KEYS q, log per job. ARGV worker, then entry, delivery count, log TTL in ms per job.
    /// Returns 1 (held) or 0 (lost: ABORT) per job.
    package static let renew = RedisScript(
        ownership + """
            local held = {}
            for i = 1, #KEYS / 2 do
              local q, log = KEYS[2 * i - 1], KEYS[2 * i]
              local entry, count, ttl = ARGV[3 * i - 1], ARGV[3 * i], ARGV[3 * i + 1]
              if mine(q, ARGV[1], entry, count) then
                redis.call('XCLAIM', q, 'workers', ARGV[1], 0, entry, 'JUSTID')
                redis.call('PEXPIRE', log, ttl)
                held[i] = 1
              else
                held[i] = 0
              end
            end
            return held
            """)

    /// What Redis still knows of a running attempt, after a reconnect or a `behind`.
    ///
    /// KEYS log, q. ARGV a, worker, entry, delivery count.
    /// Returns {`held`, last seq of a in the log}; {`unstarted`} (mine, but `a-0` is gone: START again); {`ended`}; {`lost`}.
    package static let resync = RedisScript(
        records + ownership + state + """
            local a = tonumber(ARGV[1])
            local ended, k, start, last = look(KEYS[1])
            if ended then return {'ended'} end
            if not mine(KEYS[2], ARGV[2], ARGV[3], ARGV[4]) then return {'lost'} end
            if k == a and start and field(start, 'w') == ARGV[2] and entryOf(start, KEYS[2]) == ARGV[3] then
              return {'held', seq(last[1])}
            end
            if k < a then return {'unstarted'} end
            return {'lost'}
            """)

    // MARK: - Waiting

    /// Puts the request aside until a time; the entry's fields move to `held`, with `n` = the attempts so far.
    ///
    /// KEYS log, q, usage, delayed, held. ARGV a, worker, entry, delivery count, id, usage row, due in ms since 1970, lane,
    /// log TTL in ms, deadline, attempts so far as JSON or empty. Returns `delayed`, `ended` or `fenced` (the attempt is billed in each case).
    package static let retryLater = RedisScript(
        records + ownership + state + billing + """
            local a, wid, entry = tonumber(ARGV[1]), ARGV[2], ARGV[3]
            bill(KEYS[3], ARGV[5], ARGV[1], '1', ARGV[6])
            local ended, k, start = look(KEYS[1])
            local isMine = mine(KEYS[2], wid, entry, ARGV[4])
            if ended then
              if isMine then drop(KEYS[2], entry) end
              return 'ended'
            end
            if not isMine or k ~= a then return 'fenced' end
            local e = redis.call('XRANGE', KEYS[2], entry, entry)[1]
            if not e then return 'fenced' end
            -- Another entry of the same request may have been put aside before.
            redis.call('DEL', KEYS[5])
            redis.call('HSET', KEYS[5], unpack(e[2]))
            redis.call('HSETNX', KEYS[5], 'dl', ARGV[10])
            redis.call('HSET', KEYS[5], 'n', ARGV[1])
            -- Its next entry is delivered for the first time again. Who died over this one is not forgotten.
            local died = tonumber(ARGV[4]) - 1 - tonumber(start and field(start, 'f') or 0)
            if died > 0 then redis.call('HINCRBY', KEYS[5], 'ld', died) end
            if ARGV[11] ~= '' then redis.call('HSET', KEYS[5], 'at', ARGV[11]) end
            redis.call('PEXPIRE', KEYS[5], ARGV[9])
            redis.call('PEXPIRE', KEYS[1], ARGV[9])
            redis.call('ZADD', KEYS[4], ARGV[7], ARGV[8] .. ' ' .. ARGV[5])
            drop(KEYS[2], entry)
            return 'delayed'
            """)

    /// Puts an entry aside that this worker cannot run now; nothing is started or billed.
    ///
    /// Where another entry of the same request waits already, this one is a duplicate and goes.
    /// KEYS q, delayed, held. ARGV worker, entry, delivery count, id, due in ms since 1970, lane, TTL in ms,
    /// deadline or empty. Returns `delayed` or `lost`.
    package static let postpone = RedisScript(
        ownership + """
            if not mine(KEYS[1], ARGV[1], ARGV[2], ARGV[3]) then return 'lost' end
            local e = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])[1]
            if not e then return 'lost' end
            if redis.call('EXISTS', KEYS[3]) == 0 then
              redis.call('HSET', KEYS[3], unpack(e[2]))
              if ARGV[8] ~= '' then redis.call('HSETNX', KEYS[3], 'dl', ARGV[8]) end
              redis.call('PEXPIRE', KEYS[3], ARGV[7])
              redis.call('ZADD', KEYS[2], ARGV[5], ARGV[6] .. ' ' .. ARGV[4])
            end
            drop(KEYS[1], ARGV[2])
            return 'delayed'
            """)

    /// Moves one waiting request back into its lane.
    ///
    /// KEYS delayed, held, q. ARGV member. Returns 1, or 0 (another worker was quicker, or its payload has expired).
    package static let promote = RedisScript(
        """
        if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then return 0 end
        local fields = redis.call('HGETALL', KEYS[2])
        if #fields == 0 then return 0 end
        redis.call('XADD', KEYS[3], '*', unpack(fields))
        redis.call('UNLINK', KEYS[2])
        return 1
        """)

    // MARK: - Cleaning up after others

    /// Decides about an entry whose lease ran out; call it right after XAUTOCLAIM gave it to this worker.
    ///
    /// KEYS log, q, usage, dead. ARGV worker, entry, n, id, log TTL in ms while running, log TTL in ms when ended, channel,
    /// usage row, most deliveries, `fail` or `restart` once text was shown, meta, result if poison, result if worker lost,
    /// most dead letters, token, workers that died over it before this entry.
    /// Returns {`run`, a, delivery count}; {`lost`}; {`ended`}; {`duplicate`}; {`poison`}; {`worker_lost`}.
    package static let reap = RedisScript(
        records + ownership + state + refusal + billing + estimation + burial + publishing + """
            local wid, entry, n, id = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
            local p = redis.call('XPENDING', KEYS[2], 'workers', entry, entry, 1)[1]
            if not p or p[2] ~= wid then return {'lost'} end
            local count = p[4]
            local a = n + count
            local ended, k, start, last, top = look(KEYS[1])
            local owner = start and entryOf(start, KEYS[2])
            if ended then
              if owner == entry then estimate(KEYS[3], id, k, start, last) end
              drop(KEYS[2], entry)
              return {'ended'}
            end
            if owner == entry and field(start, 'w') == wid and field(start, 'x') == ARGV[15] then return {'run', k, count} end
            if owner and owner ~= entry and n < k then
              drop(KEYS[2], entry)
              return {'duplicate'}
            end
            local chosen, shown = 0, false
            if k > n then
              estimate(KEYS[3], id, k, start, last)
              chosen = tonumber(start and field(start, 'f') or 0)
              shown = seq(last[1]) > 0
            end
            local function close(result, reason)
              redis.call('XADD', KEYS[1], END, 'k', 'e', 'st', 'error', 'a', k, 'm', ARGV[11], 'r', result)
              drop(KEYS[2], entry)
              redis.call('PEXPIRE', KEYS[1], ARGV[6])
              say(ARGV[7], id, END, top or '0-0', 'e error', ARGV[11] .. '\\n' .. result)
              return {reason}
            end
            if count - chosen >= tonumber(ARGV[9]) - tonumber(ARGV[16]) then
              bury(KEYS[4], ARGV[14], 'poison', KEYS[2], entry)
              return close(ARGV[12], 'poison')
            end
            if shown and ARGV[10] == 'fail' then return close(ARGV[13], 'worker_lost') end
            -- Where the group was made again deliveries are counted anew. Attempts are not.
            if k >= a then a = k + 1 end
            -- A log beyond all attempts is none of ours: nobody could ever go on.
            if a > 1e9 or not put(KEYS[1], a .. '-0', 'k', 's', 'w', wid, 'e', entry, 'l', laneOf(KEYS[2]), 'f', chosen,
              'c', ARGV[7], 'u', ARGV[8], 'x', ARGV[15])
            then
              return close(ARGV[13], 'worker_lost')
            end
            redis.call('PEXPIRE', KEYS[1], ARGV[5])
            if top then say(ARGV[7], id, a .. '-0', top, 's', '') end
            return {'run', a, count}
            """)

    /// Ends a request that cannot be run (past its deadline, undecodable) without starting an attempt.
    ///
    /// KEYS log, q, usage, dead. ARGV worker, entry, delivery count, n, id, log TTL in ms, channel, meta, result, reason for
    /// the dead letters or empty, most dead letters. Returns `ok`, `lost`, `ended` or `duplicate`.
    package static let refuse = RedisScript(
        records + ownership + state + billing + estimation + retention + burial + publishing + """
            local wid, entry, n, id = ARGV[1], ARGV[2], tonumber(ARGV[4]), ARGV[5]
            if not mine(KEYS[2], wid, entry, ARGV[3]) then return 'lost' end
            local ended, k, start, last, top = look(KEYS[1])
            local owner = start and entryOf(start, KEYS[2])
            if ended then
              if owner == entry then estimate(KEYS[3], id, k, start, last) end
              drop(KEYS[2], entry)
              shorten(KEYS[1], ARGV[6])
              return 'ended'
            end
            if owner and owner ~= entry and n < k then
              drop(KEYS[2], entry)
              return 'duplicate'
            end
            if k > n then estimate(KEYS[3], id, k, start, last) end
            if ARGV[10] ~= '' then bury(KEYS[4], ARGV[11], ARGV[10], KEYS[2], entry) end
            redis.call('XADD', KEYS[1], END, 'k', 'e', 'st', 'error', 'a', k, 'm', ARGV[8], 'r', ARGV[9])
            drop(KEYS[2], entry)
            redis.call('PEXPIRE', KEYS[1], ARGV[6])
            say(ARGV[7], id, END, top or '0-0', 'e error', ARGV[8] .. '\\n' .. ARGV[9])
            return 'ok'
            """)

    /// Removes an entry that has no usable id into the dead letters.
    ///
    /// KEYS q, dead. ARGV worker, entry, delivery count, reason, most dead letters. Returns 1, or 0 if it is not mine.
    package static let bury = RedisScript(
        ownership + burial + """
            if not mine(KEYS[1], ARGV[1], ARGV[2], ARGV[3]) then return 0 end
            bury(KEYS[2], ARGV[5], ARGV[4], KEYS[1], ARGV[2])
            drop(KEYS[1], ARGV[2])
            return 1
            """)
}
