import Shared

/// The scripts of `AccountLimiter`; KEYS, ARGV and returns stand above each.
///
/// Time is Redis' own, so that clocks of workers do not matter. Of an account: `window:` has in a hash the sums `r` (requests) and `t`
/// (tokens) of the sliding minute, the same per bucket (`r<n>`, `t<n>`, n = time / width) and `o`, the oldest bucket in use; `buckets:` their
/// numbers in a list, oldest first; `slots:` the running reservations in a zset by the time their lease ends; `quota:` the period's
/// start `p`, tokens `b` of its settled hours up to hour `h`, and tokens of each later hour `h<n>`.
enum LimiterScripts {
    /// `sweep(account, now, span, width)` → requests, tokens in the window; `running(account, now, most)` → slots taken, exact where they
    /// come to `most`; `enter(account, bucket)` for a bucket that was empty.
    private static let counting = """
        local base = KEYS[1]
        local function clock()
          local t = redis.call('TIME')
          return t[1] * 1000 + math.floor(t[2] / 1000)
        end
        local function sweep(account, now, span, width)
          local w = base .. 'window:' .. account
          local s = redis.call('HMGET', w, 'r', 't', 'o')
          local r, t, b = tonumber(s[1] or 0), tonumber(s[2] or 0), s[3]
          if not b or (b + 1) * width + span > now then return r, t end
          local list = base .. 'buckets:' .. account
          repeat
            redis.call('LPOP', list)
            local gone = redis.call('HMGET', w, 'r' .. b, 't' .. b)
            r, t = r - (gone[1] or 0), t - (gone[2] or 0)
            redis.call('HDEL', w, 'r' .. b, 't' .. b)
            b = redis.call('LINDEX', list, 0)
          until not b or (b + 1) * width + span > now
          if not b then r, t = 0, 0 end
          redis.call('HSET', w, 'r', r, 't', t)
          if b then redis.call('HSET', w, 'o', b) else redis.call('HDEL', w, 'o') end
          return r, t
        end
        local function running(account, now, most)
          local key = base .. 'slots:' .. account
          local c = redis.call('ZCARD', key)
          if most and c >= most and redis.call('ZREMRANGEBYSCORE', key, '-inf', now) > 0 then
            c = redis.call('ZCARD', key)
          end
          return c
        end
        local function enter(account, b)
          local list = base .. 'buckets:' .. account
          if redis.call('RPUSH', list, b) == 1 then redis.call('HSET', base .. 'window:' .. account, 'o', b) end
          return list
        end
        local function used(account, start)
          local key = base .. 'quota:' .. account
          local fields = redis.call('HGETALL', key)
          local sum, period = 0, nil
          for i = 1, #fields, 2 do
            local f = fields[i]
            if f == 'p' then period = fields[i + 1]
            elseif f ~= 'h' then sum = sum + fields[i + 1] end
          end
          if period and tonumber(period) < tonumber(start) then
            -- A new period has begun: nothing is used of it.
            redis.call('DEL', key)
            redis.call('HSET', key, 'p', start, 'b', 0, 'h', 0)
            redis.call('PEXPIRE', key, 90 * 86400000)
            return 0
          end
          return period == start and sum
        end

        """

    /// Takes capacity of the best account of the first group that has any, all in one step.
    ///
    /// KEYS base. ARGV reservation, lease in ms, length of the window in ms, width of a bucket in ms, turn counter or empty, affinity key or
    /// empty, its TTL in ms, TTL of a trial in ms, then one per bid, groups together and in order, of fields with tabs between them: group (`f…`: a
    /// fallback, which takes no turns), requests a minute, tokens a minute, requests at once, quota (each empty for none), start and end of its period in ms (0 and 0
    /// for none), tokens, factor, weight, trial or empty, account.
    /// Returns {1, index of the bid from 1, bucket, then per bid looked at: index, running, headroom in thousandths}, or
    /// {0, ms until the first limit may give way, -1 if only the end of a running request can help, -2 if all quotas are used up for good,
    /// then the same}.
    static let reserve = RedisScript(
        counting + """
            local now = clock()
            local id, lease, span, width = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
            local groups = {}
            local form = '^' .. string.rep('([^\\t]*)\\t', 11) .. '(.*)$'
            for i = 9, #ARGV do
              local g, rpm, tpm, most, quota, start, stop, tokens, factor, weight, trial, account = string.match(ARGV[i], form)
              if not groups[#groups] or groups[#groups].name ~= g then groups[#groups + 1] = {name = g} end
              local group = groups[#groups]
              group[#group + 1] = {
                index = i - 8, account = account, rpm = tonumber(rpm), tpm = tonumber(tpm), most = tonumber(most),
                quota = tonumber(quota), start = start, stop = tonumber(stop), tokens = tonumber(tokens),
                factor = tonumber(factor), weight = tonumber(weight), trial = trial}
            end
            local turn = ARGV[5] ~= '' and tonumber(redis.call('GET', base .. 'turn:' .. ARGV[5]) or 0)
            local favourite = ARGV[6] ~= '' and redis.call('GET', base .. 'affinity:' .. ARGV[6])
            local wait, spentUp, slotBound, primaries, report = -1, 0, false, 0, {}
            local function later(ms) if ms and (wait < 0 or ms < wait) then wait = ms end end
            -- Until the oldest buckets that hold so many requests and tokens have left the window.
            local function passing(account, requests, tokens)
              local w, list = base .. 'window:' .. account, base .. 'buckets:' .. account
              for _, b in ipairs(redis.call('LRANGE', list, 0, -1)) do
                local held = redis.call('HMGET', w, 'r' .. b, 't' .. b)
                requests, tokens = requests - (held[1] or 0), tokens - (held[2] or 0)
                if requests <= 0 and tokens <= 0 then return math.max(1, (b + 1) * width + span - now) end
              end
            end
            -- Headroom 0…1 where the bid can be taken, else nil.
            local function judge(bid)
              local r, t = sweep(bid.account, now, span, width)
              local c = running(bid.account, now, bid.most)
              bid.r, bid.t, bid.c = r, t, c
              local room, free, ms = 1, true, nil
              local tokens = bid.tpm and math.min(bid.tokens, bid.tpm) or bid.tokens
              bid.tokens = tokens
              if bid.most then
                room = math.min(room, 1 - c / bid.most)
                if c >= bid.most then free = false end
              end
              if bid.most and c >= bid.most then
                slotBound = true
              end
              if bid.rpm then room = math.min(room, 1 - r / bid.rpm) end
              if bid.tpm then room = math.min(room, 1 - t / bid.tpm) end
              local requests = bid.rpm and r + 1 - bid.rpm or 0
              local excess = bid.tpm and t + tokens - bid.tpm or 0
              if requests > 0 or excess > 0 then
                ms = passing(bid.account, requests, excess)
                free = false
              end
              if bid.quota then
                local spent = used(bid.account, bid.start)
                if not spent then
                  -- The leader has not measured it yet: a moment.
                  free, ms = false, math.max(ms or 0, 200)
                elseif spent + tokens > bid.quota then
                  free = false
                  ms = bid.stop > now and bid.stop - now or nil
                  if not ms then
                    -- What runs may use less than was foretold.
                    if c > 0 then slotBound = true else spentUp = spentUp + 1 end
                    return nil, c, 0
                  end
                else
                  local left = 1 - spent / bid.quota
                  local start = tonumber(bid.start)
                  if bid.stop > start then left = math.min(1, left / math.max(0.001, (bid.stop - now) / (bid.stop - start))) end
                  room = math.min(room, left)
                end
              end
              if free and bid.trial ~= '' and redis.call('EXISTS', base .. 'trial:' .. bid.trial) == 1 then free = false end
              if not free then
                later(ms)
                return nil, c, room
              end
              return room, c, room
            end
            local function look(bid)
              local room, c, shown = judge(bid)
              report[#report + 1] = bid.index
              report[#report + 1] = c
              report[#report + 1] = math.floor(1000 * math.max(0, shown))
              return room
            end
            -- The one with the least of its limits in use, equal ones by the minute's requests, each in proportion to health: an
            -- account that fails now and then gets less, never nothing, or it could not show that it is well again.
            local function choose(group, offset)
              local best
              for n = 1, #group do
                local bid = group[offset and (offset + n - 1) % #group + 1 or n]
                local room = look(bid)
                if room then
                  -- A trial goes first: nothing else shows that the route is well again.
                  if offset or bid.trial ~= '' then return bid end
                  if favourite == bid.account and room > 0.1 then return bid end
                  bid.used, bid.share = (1 - room) / bid.factor, (bid.r + 1) / (bid.weight * bid.factor)
                  if not best or bid.used < best.used - 0.0001 or (bid.used < best.used + 0.0001 and bid.share < best.share) then
                    best = bid
                  end
                end
              end
              return best
            end
            local won
            for _, group in ipairs(groups) do
              if string.sub(group.name, 1, 1) ~= 'f' then primaries = primaries + 1 end
            end
            for n = 1, #groups do
              local turns = turn and n <= primaries
              local group = groups[turns and (turn + n - 1) % primaries + 1 or n]
              won = choose(group, turns and math.floor(turn / primaries))
              if won then break end
            end
            if not won then
              -- The end of a request elsewhere tells nobody here: ask again soon.
              table.insert(report, 1, 3 * spentUp == #report and -2 or slotBound and -1 or wait)
              table.insert(report, 1, 0)
              return report
            end
            local bucket = math.floor(now / width)
            local w, slots = base .. 'window:' .. won.account, base .. 'slots:' .. won.account
            redis.call('HSET', w, 'r', won.r + 1, 't', won.t + won.tokens)
            redis.call('HINCRBY', w, 't' .. bucket, won.tokens)
            redis.call('ZADD', slots, now + lease, id)
            -- Expiries once a bucket and not once a request: they outlive it by far.
            if redis.call('HINCRBY', w, 'r' .. bucket, 1) == 1 then
              local ttl = 2 * (span + lease)
              redis.call('ZREMRANGEBYSCORE', slots, '-inf', now)
              redis.call('PEXPIRE', enter(won.account, bucket), ttl)
              redis.call('PEXPIRE', w, ttl)
              redis.call('PEXPIRE', slots, ttl)
            elseif won.c == 0 then
              -- The last slot's end removed the key, and with it its expiry.
              redis.call('PEXPIRE', slots, 2 * (span + lease))
            end
            if won.quota then redis.call('HINCRBY', base .. 'quota:' .. won.account, 'h' .. math.floor(now / 3600000), won.tokens) end
            if turn then
              redis.call('INCR', base .. 'turn:' .. ARGV[5])
              redis.call('PEXPIRE', base .. 'turn:' .. ARGV[5], 86400000)
            end
            if ARGV[6] ~= '' then redis.call('SET', base .. 'affinity:' .. ARGV[6], won.account, 'PX', ARGV[7]) end
            if won.trial ~= '' then redis.call('SET', base .. 'trial:' .. won.trial, id, 'PX', ARGV[8]) end
            table.insert(report, 1, bucket)
            table.insert(report, 1, won.index)
            table.insert(report, 1, 1)
            return report
            """)

    /// Gives capacity back and puts what was used in the place of the estimate.
    ///
    /// KEYS base. ARGV reservation, account, bucket, estimate, tokens used, 1 if the platform was called (else the request does not
    /// count), ms that passed before it was called, width of a bucket in ms, length of the window in ms, 1 if the account has a quota, trial or empty.
    /// Returns 1 if the slot was still held.
    static let settle = RedisScript(
        counting + """
            local id, account, b, width = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[8])
            local used, requests = tonumber(ARGV[5]), tonumber(ARGV[6])
            local w = base .. 'window:' .. account
            local late = math.floor(tonumber(ARGV[7]) / width)
            local isExact = requests == 1 and late == 0
            if not (isExact and used == tonumber(ARGV[4])) and redis.call('HEXISTS', w, 'r' .. b) == 1 then
              if isExact then
                redis.call('HINCRBY', w, 't' .. b, used - ARGV[4])
                redis.call('HINCRBY', w, 't', used - ARGV[4])
              else
                -- Never sent, or sent so late that it reached the platform in another bucket.
                redis.call('HINCRBY', w, 'r' .. b, -1)
                redis.call('HINCRBY', w, 't' .. b, 0 - ARGV[4])
                redis.call('HINCRBY', w, 'r', -1)
                redis.call('HINCRBY', w, 't', 0 - ARGV[4])
                local at = math.min(b + late, math.floor(clock() / width))
                if requests == 1 then
                  if redis.call('HINCRBY', w, 'r' .. at, 1) == 1 then enter(account, at) end
                  redis.call('HINCRBY', w, 't' .. at, used)
                  redis.call('HINCRBY', w, 'r', 1)
                  redis.call('HINCRBY', w, 't', used)
                end
              end
            end
            if ARGV[10] == '1' and redis.call('EXISTS', base .. 'quota:' .. account) == 1 then
              redis.call('HINCRBY', base .. 'quota:' .. account, 'h' .. math.floor(b * width / 3600000), used - ARGV[4])
            end
            if ARGV[11] ~= '' and redis.call('GET', base .. 'trial:' .. ARGV[11]) == id then
              redis.call('DEL', base .. 'trial:' .. ARGV[11])
            end
            return redis.call('ZREM', base .. 'slots:' .. account, id)
            """)

    /// Extends the leases of running reservations; one that was settled meanwhile is not taken again.
    ///
    /// KEYS base. ARGV lease in ms, then account and reservation per reservation. Returns how many.
    static let renew = RedisScript(
        counting + """
            local now, lease = clock(), tonumber(ARGV[1])
            for i = 2, #ARGV, 2 do
              redis.call('ZADD', base .. 'slots:' .. ARGV[i], 'XX', now + lease, ARGV[i + 1])
              redis.call('PEXPIRE', base .. 'slots:' .. ARGV[i], 2 * lease)
            end
            return (#ARGV - 1) / 2
            """)

    /// Sets what the ledger says an account has used in its quota's period; repeating it changes nothing.
    ///
    /// KEYS base. ARGV account, start of the period in ms, tokens of its hours before `first`, `first`, then hour and tokens by the ledger per
    /// hour from `first` on, which count only where nothing was counted here. Returns the sum.
    static let measure = RedisScript(
        counting + """
            local key, first = base .. 'quota:' .. ARGV[1], tonumber(ARGV[4])
            if redis.call('HGET', key, 'p') ~= ARGV[2] then redis.call('DEL', key) end
            for _, f in ipairs(redis.call('HKEYS', key)) do
              local hour = tonumber(string.match(f, '^h(%d+)$'))
              if hour and hour < first then redis.call('HDEL', key, f) end
            end
            redis.call('HSET', key, 'p', ARGV[2], 'b', ARGV[3], 'h', ARGV[4])
            for i = 5, #ARGV, 2 do redis.call('HSETNX', key, 'h' .. ARGV[i], ARGV[i + 1]) end
            redis.call('PEXPIRE', key, 90 * 86400000)
            return used(ARGV[1], ARGV[2])
            """)
}
