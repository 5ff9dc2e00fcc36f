import Shared

/// The scripts of `AccountLimiter`, with KEYS, ARGV and returns above each.
///
/// Time is Redis' own, so that clocks of workers do not matter. Keys of an account:
///
///     window:   hash: sums `r` (requests) and `t` (tokens) of the sliding minute, the same per bucket (`r<n>`, `t<n>`,
///               n = time / width), and `o`, the oldest bucket in use
///     buckets:  list: numbers of its buckets, oldest first
///     slots:    zset: running reservations by the time their lease ends
///     quota:    hash: start `p` of the period, tokens `b` of its settled hours up to hour `h`,
///               tokens `h<n>` of each later hour
enum LimiterScripts {
    /// Functions of all scripts.
    ///
    ///     sweep(account, now, span, width)  requests and tokens in the window
    ///     enter(account, bucket)            for a bucket that was empty
    ///     used(account, start)              tokens of a quota's period, false where it was never measured
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

    /// Settles, then takes capacity for each request, all in one step.
    ///
    /// Each request gets the best account of the first group that has capacity.
    ///
    ///     KEYS       base
    ///     ARGV       lease, length of the window, width of a bucket, TTL of an affinity, TTL of a trial (all in ms),
    ///                number of settlements, number of candidates,
    ///                then settlements, candidates and requests: lines of fields with tabs between them
    ///     candidate  requests a minute, tokens a minute, requests at once, quota (each empty for none),
    ///                start and end of its period in ms (0 and 0 for none), factor, weight, trial or empty, account
    ///     request    reservation, affinity key or empty, thousandths of every limit to be left free, uses,
    ///                turn counter or empty
    ///     use        `<group>:<number of the candidate>:<tokens>,`, groups together and in order,
    ///                with `f…` for a fallback, which takes no turns
    ///     Returns    first, in turn: account, running, headroom in thousandths, of each account that was seen,
    ///                then per request {1, number of the use from 1, bucket}
    ///                or {0, ms until the first limit may give way, -1 if only the end of a running request can help,
    ///                -2 if all quotas are used up for good}
    static let serve = RedisScript(
        counting + """
            local lease, span, width = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
            local affinityLength, trialLength = ARGV[4], ARGV[5]
            local now = clock()
            local bucket = math.floor(now / width)

            """ + settling + holding + """
                local candidates, settlements, firstRequest = {}, tonumber(ARGV[6]), 8 + ARGV[6] + ARGV[7]
                local form = '^' .. string.rep('([^\\t]*)\\t', 9) .. '(.*)$'
                local function candidate(number)
                  if not candidates[number] then
                    local rpm, tpm, most, quota, start, stop, factor, weight, trial, account =
                      string.match(ARGV[7 + settlements + number], form)
                    candidates[number] = {
                      account = account, rpm = tonumber(rpm), tpm = tonumber(tpm), most = tonumber(most), quota = tonumber(quota),
                      start = start, stop = tonumber(stop), factor = tonumber(factor), weight = tonumber(weight), trial = trial}
                  end
                  return candidates[number]
                end
                local function reserve(line)
                  local id, affinity, spare, uses, turnName = string.match(line, '^([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t(.*)$')
                  local groups, last, primaries, count = {}, nil, 0, 0
                  for g, number, tokens in string.gmatch(uses, '(f?%d+):(%d+):(%d+),') do
                    if g ~= last then
                      groups[#groups + 1], last = {}, g
                      if string.sub(g, 1, 1) ~= 'f' then primaries = primaries + 1 end
                    end
                    count = count + 1
                    local group = groups[#groups]
                    group[#group + 1] = {candidate = candidate(tonumber(number)), tokens = tonumber(tokens), index = count}
                  end
                  local turn = turnName ~= '' and tonumber(redis.call('GET', base .. 'turn:' .. turnName) or 0)
                  local favourite = affinity ~= '' and redis.call('GET', base .. 'affinity:' .. affinity)
                  local wait, slotBound, seen, spentUp = -1, false, 0, 0
                  -- The one with the least of its limits in use, equal ones by the minute's requests, each in proportion to health: an
                  -- account that fails now and then gets less, never nothing, or it could not show that it is well again.
                  local function choose(group, offset)
                    local best
                    for n = 1, #group do
                      local use = group[offset and (offset + n - 1) % #group + 1 or n]
                      local candidate, room, ms, ends, isSpent = use.candidate, hold(use, tonumber(spare) / 1000)
                      seen = seen + 1
                      if room then
                        -- A trial goes first: nothing else shows that the route is well again.
                        if offset or candidate.trial ~= '' then return use end
                        if favourite == candidate.account and room > 0.1 then return use end
                        use.used, use.share = (1 - room) / candidate.factor, (accounts[candidate.account].r + 1) / (candidate.weight * candidate.factor)
                        if not best or use.used < best.used - 0.0001 or (use.used < best.used + 0.0001 and use.share < best.share) then
                          best = use
                        end
                      else
                        slotBound = slotBound or ends
                        if isSpent then spentUp = spentUp + 1 end
                        if ms and (wait < 0 or ms < wait) then wait = ms end
                      end
                    end
                    return best
                  end
                  for n = 1, #groups do
                    local turns = turn and n <= primaries
                    local won = choose(groups[turns and (turn + n - 1) % primaries + 1 or n], turns and math.floor(turn / primaries))
                    if won then
                      take(won, id)
                      if turn then
                        redis.call('INCR', base .. 'turn:' .. turnName)
                        redis.call('PEXPIRE', base .. 'turn:' .. turnName, 86400000)
                      end
                      if affinity ~= '' then
                        redis.call('SET', base .. 'affinity:' .. affinity, won.candidate.account, 'PX', affinityLength)
                      end
                      return {1, won.index, bucket}
                    end
                  end
                  -- The end of a request elsewhere tells nobody here: ask again soon.
                  return {0, spentUp == seen and -2 or slotBound and -1 or wait}
                end
                for i = 8, 7 + settlements do note(ARGV[i]) end
                settle()
                local answers = {0}
                for i = firstRequest, #ARGV do answers[#answers + 1] = reserve(ARGV[i]) end
                answers[1] = write()
                return answers
                """)

    /// Extends the leases of running reservations.
    ///
    /// One that was settled meanwhile is not taken again.
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

    /// Sets the tokens of an account's quota period from the ledger.
    ///
    /// Repeating it changes nothing.
    ///
    /// KEYS base. ARGV account, start of the period in ms, tokens of its hours before `first`, `first`, then hour and
    /// tokens by the ledger per hour from `first` on, which count only where nothing was counted here. Returns the sum.
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
