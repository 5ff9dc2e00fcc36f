/// Parts of `LimiterScripts.serve`: capacity that comes back, and capacity that is taken.
///
/// Both stand behind `counting` and use its functions, and `now`, `bucket`, `width`, `span`, `lease` and `trialLength`
/// of `serve`.
extension LimiterScripts {
    /// `note(line)` for each settlement, then `settle()`: capacity comes back, and actual use takes the place of the
    /// estimate.
    ///
    /// Each account's counters are written once. Fields of the line, with tabs between them:
    ///
    ///     reservation
    ///     bucket
    ///     estimate
    ///     tokens used
    ///     1 if the platform was called, else the request does not count
    ///     ms that passed before it was called
    ///     1 if the account has a quota
    ///     trial or empty
    ///     account
    static let settling = """
        local settled = {}
        local settlement = '^' .. string.rep('([^\\t]*)\\t', 8) .. '(.*)$'
        local function change(a, b, requests, tokens)
          local c = a.buckets[b] or {r = 0, t = 0}
          c.r, c.t, a.buckets[b] = c.r + requests, c.t + tokens, c
        end
        -- Sent so late that it reached the platform in another bucket.
        local function move(account, b, late, estimate, used)
          local w, at = base .. 'window:' .. account, math.min(b + late, bucket)
          if redis.call('HEXISTS', w, 'r' .. b) == 0 then return end
          redis.call('HINCRBY', w, 'r' .. b, -1)
          redis.call('HINCRBY', w, 't' .. b, -estimate)
          if redis.call('HINCRBY', w, 'r' .. at, 1) == 1 then enter(account, at) end
          redis.call('HINCRBY', w, 't' .. at, used)
          redis.call('HINCRBY', w, 't', used - estimate)
        end
        local function note(line)
          local id, b, estimate, used, counted, late, quota, trial, account = string.match(line, settlement)
          b, estimate, used, late = tonumber(b), tonumber(estimate), tonumber(used), math.floor(late / width)
          local a = settled[account] or {ids = {}, buckets = {}, hours = {}}
          settled[account] = a
          a.ids[#a.ids + 1] = id
          if counted ~= '1' then
            change(a, b, -1, -estimate)
          elseif late > 0 then
            move(account, b, late, estimate, used)
          elseif used ~= estimate then
            change(a, b, 0, used - estimate)
          end
          if quota == '1' then
            local hour = math.floor(b * width / 3600000)
            a.hours[hour] = (a.hours[hour] or 0) + used - estimate
          end
          if trial ~= '' and redis.call('GET', base .. 'trial:' .. trial) == id then
            redis.call('DEL', base .. 'trial:' .. trial)
          end
        end
        local function settle()
          for account, a in pairs(settled) do
            local w, requests, tokens = base .. 'window:' .. account, 0, 0
            for b, c in pairs(a.buckets) do
              if redis.call('HEXISTS', w, 'r' .. b) == 1 then
                if c.r ~= 0 then redis.call('HINCRBY', w, 'r' .. b, c.r) end
                redis.call('HINCRBY', w, 't' .. b, c.t)
                requests, tokens = requests + c.r, tokens + c.t
              end
            end
            if requests ~= 0 then redis.call('HINCRBY', w, 'r', requests) end
            if tokens ~= 0 then redis.call('HINCRBY', w, 't', tokens) end
            local key = base .. 'quota:' .. account
            if next(a.hours) and redis.call('EXISTS', key) == 1 then
              for hour, more in pairs(a.hours) do redis.call('HINCRBY', key, 'h' .. hour, more) end
            end
            redis.call('ZREM', base .. 'slots:' .. account, unpack(a.ids))
          end
        end

        """

    /// `hold(use)`, `take(use, id)` and `write()`: capacity is looked for, taken, and written to Redis once per
    /// account.
    ///
    /// A use is a candidate with the tokens of one request. `spare` is the share of every limit but the quota that
    /// stays free. `hold` returns the headroom from 0 to 1 where it can be taken, else nil and when that may be.
    static let holding = """
        local accounts = {}
        local function look(name, most)
          local a = accounts[name]
          if not a then
            a = {taken = {}, tokens = 0}
            a.r, a.t = sweep(name, now, span, width)
            a.slots = redis.call('ZCARD', base .. 'slots:' .. name)
            a.wasEmpty = a.slots == 0
            accounts[name] = a
          end
          if most and not a.isSwept and a.slots + #a.taken >= most then
            a.isSwept = true
            if redis.call('ZREMRANGEBYSCORE', base .. 'slots:' .. name, '-inf', now) > 0 then
              a.slots = redis.call('ZCARD', base .. 'slots:' .. name)
              a.wasEmpty = a.slots == 0
            end
          end
          return a
        end
        -- Until the oldest buckets that hold so many requests and tokens have left the window.
        local function passing(a, account, requests, tokens)
          if not a.past then
            local fields = {}
            a.past = redis.call('LRANGE', base .. 'buckets:' .. account, 0, -1)
            for i, b in ipairs(a.past) do fields[2 * i - 1], fields[2 * i] = 'r' .. b, 't' .. b end
            a.held = #fields > 0 and redis.call('HMGET', base .. 'window:' .. account, unpack(fields)) or {}
          end
          for i, b in ipairs(a.past) do
            requests, tokens = requests - (a.held[2 * i - 1] or 0), tokens - (a.held[2 * i] or 0)
            if requests <= 0 and tokens <= 0 then return math.max(1, (b + 1) * width + span - now) end
          end
          -- What this call has taken itself.
          return (bucket + 1) * width + span - now
        end
        -- nil, ms until it is worth asking again, whether the end of a request may help, whether the quota is used up for good.
        local function hold(use, spare)
          local candidate = use.candidate
          -- What this request may use of a limit: not the share that it leaves to others, but one at least.
          local function part(limit) return spare > 0 and math.max(1, limit - math.max(1, math.ceil(limit * spare))) or limit end
          local tokens = candidate.tpm and math.min(use.tokens, candidate.tpm) or use.tokens
          local a = look(candidate.account, candidate.most)
          local running = a.slots + #a.taken
          local room, free, ms, slotBound = 1, true, nil, false
          use.tokens = tokens
          if candidate.most then
            room = math.min(room, 1 - running / candidate.most)
            if running >= part(candidate.most) then free, slotBound = false, true end
          end
          if candidate.rpm then room = math.min(room, 1 - a.r / candidate.rpm) end
          if candidate.tpm then room = math.min(room, 1 - a.t / candidate.tpm) end
          local requests = candidate.rpm and a.r + 1 - part(candidate.rpm) or 0
          -- One that is larger than its part may use the whole limit, or it would wait for an account that nobody uses.
          local limit = candidate.tpm and (tokens > part(candidate.tpm) and candidate.tpm or part(candidate.tpm))
          local excess = limit and a.t + tokens - limit or 0
          if requests > 0 or excess > 0 then free, ms = false, passing(a, candidate.account, requests, excess) end
          if candidate.quota then
            if a.start ~= candidate.start then a.start, a.spent = candidate.start, used(candidate.account, candidate.start) end
            if not a.spent then
              -- The leader has not measured it yet: a moment.
              free, ms = false, math.max(ms or 0, 200)
            elseif a.spent + tokens > candidate.quota then
              free, room = false, 0
              -- A period that is over by this clock, and not by the asking worker's, is a moment's matter.
              ms = candidate.stop > 0 and math.max(200, candidate.stop - now) or nil
              if not ms then
                a.headroom = 0
                -- What runs may use less than was foretold.
                return nil, nil, running > 0, running == 0
              end
            else
              local left, start = 1 - a.spent / candidate.quota, tonumber(candidate.start)
              if candidate.stop > start then left = math.min(1, left / math.max(0.001, (candidate.stop - now) / (candidate.stop - start))) end
              room = math.min(room, left)
            end
          end
          a.headroom = room
          if free and candidate.trial ~= '' and redis.call('EXISTS', base .. 'trial:' .. candidate.trial) == 1 then free = false end
          if free then return room end
          return nil, ms, slotBound, false
        end
        local function take(use, id)
          local candidate, tokens = use.candidate, use.tokens
          local a = accounts[candidate.account]
          a.r, a.t, a.tokens = a.r + 1, a.t + tokens, a.tokens + tokens
          a.taken[#a.taken + 1] = id
          if candidate.quota then a.spent, a.hasQuota = a.spent + tokens, true end
          if candidate.trial ~= '' then redis.call('SET', base .. 'trial:' .. candidate.trial, id, 'PX', trialLength) end
        end
        local function write()
          local loads = {}
          for name, a in pairs(accounts) do
            local count, w, slots = #a.taken, base .. 'window:' .. name, base .. 'slots:' .. name
            loads[#loads + 1] = name
            loads[#loads + 1] = a.slots + count
            loads[#loads + 1] = math.floor(1000 * math.max(0, a.headroom))
            if count > 0 then
              redis.call('HSET', w, 'r', a.r, 't', a.t)
              redis.call('HINCRBY', w, 't' .. bucket, a.tokens)
              local members = {}
              for i, id in ipairs(a.taken) do members[2 * i - 1], members[2 * i] = now + lease, id end
              redis.call('ZADD', slots, unpack(members))
              -- Expiries once a bucket and not once a request: they outlive it by far.
              if redis.call('HINCRBY', w, 'r' .. bucket, count) == count then
                local ttl = 2 * (span + lease)
                redis.call('ZREMRANGEBYSCORE', slots, '-inf', now)
                redis.call('PEXPIRE', enter(name, bucket), ttl)
                redis.call('PEXPIRE', w, ttl)
                redis.call('PEXPIRE', slots, ttl)
              elseif a.wasEmpty then
                -- The last slot's end removed the key, and with it its expiry.
                redis.call('PEXPIRE', slots, 2 * (span + lease))
              end
              if a.hasQuota then redis.call('HINCRBY', base .. 'quota:' .. name, 'h' .. math.floor(now / 3600000), a.tokens) end
            end
          end
          return loads
        end

        """
}
