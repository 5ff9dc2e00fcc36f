/// Lua functions of the fair order between tenants, for CLAIM, SORT, EXPIRED and the rooms.
///
/// Why it is done so: `docs/decisions/007-waiting-rooms.md`.
///
/// An entry in *limbo* is behind the group's last delivered ID and in nobody's pending list. Its member in an *order
/// set* (a lane's, or a room's) says when its turn comes. The sets only propose: a claim checks the stream and the
/// pending list, so a member too many does no harm. A member is `<lane index> <entry ID, padded>`: among equals the
/// more urgent lane is first, then the older entry.
///
/// The order is start-time fair queueing. A flow's next entry begins at max(v, finish tag of the flow) and ends
/// 1/weight later, where v is the start tag of the entry served last. Finish tags stay until v has passed them: a
/// tenant that always has just one entry waiting gets its share and no more. Requests that come back after an attempt
/// (a rate limit, a failure) are a flow of their own beside their tenant's. They need not wait behind all that their
/// tenant has sent since, and cost other tenants no more than one more tenant would.
///
/// Beside each set stand two keys, both with a TTL:
/// - `:flows` has the finish tags by flow.
/// - `:state` has `v`, `gap` (ms between two admissions, smoothed), and `mark` and `adm` (admissions since a moment).
extension QueueScripts {
    /// `padded(id)`, `unpadded(member)`, `isUpTo(one, other)` of two padded IDs, `cursor(q)`, `mortal(key, ttl)`,
    /// `waitKey(prefix, id)`.
    ///
    /// Times that producers chose end at `LATEST`: a number far beyond is no whole one to Redis.
    static let members = """
        local LATEST = \(Job.latestMoment)
        local function padded(id)
          local ms, n = string.match(id, '^(%d+)-(%d+)$')
          return string.rep('0', 14 - #ms) .. ms .. '-' .. string.rep('0', 8 - #n) .. n
        end
        local function unpadded(member)
          local ms, n = string.match(member, ' 0*(%d+)-0*(%d+)$')
          return ms .. '-' .. n
        end
        local function isUpTo(one, other) return #one < #other or (#one == #other and one <= other) end
        local function cursor(q)
          for _, group in ipairs(redis.pcall('XINFO', 'GROUPS', q)) do
            local info = {}
            for i = 1, #group, 2 do info[group[i]] = group[i + 1] end
            if info['name'] == 'workers' then return info['last-delivered-id'] end
          end
        end
        local function mortal(key, ttl)
          if redis.call('PTTL', key) < ttl then redis.call('PEXPIRE', key, ttl) end
        end
        local function waitKey(prefix, id)
          if id and #id <= 80 and string.match(id, '^[%w_-]+$') then return prefix .. 'wait:' .. id end
        end

        """

    /// `seize(q, last, wid, due, set, members, room)` → entries of one lane, now in the first delivery to `wid`.
    ///
    /// All members leave the set, but not all of their entries are claimed:
    /// - Some are gone.
    /// - Some are held by a worker. XCLAIM takes none of those, since no holder can be idle for as long as it asks.
    /// - Some are after the group's cursor (`last`, padded), since the group was made again. A read delivers them.
    static let seizing = """
        local function seize(q, last, wid, due, set, members, room)
          local dues, claim = members, {}
          if room ~= '' then
            dues = {}
            for i, member in ipairs(members) do dues[i] = member .. ' ' .. room end
          end
          redis.call('ZREM', set, unpack(members))
          redis.call('ZREM', due, unpack(dues))
          for _, member in ipairs(members) do
            if isUpTo(string.sub(member, 3), last) then claim[#claim + 1] = unpadded(member) end
          end
          if #claim == 0 then return {} end
          claim[#claim + 1], claim[#claim + 2], claim[#claim + 3] = 'FORCE', 'RETRYCOUNT', 1
          return redis.call('XCLAIM', q, 'workers', wid, '9223372036854775807', unpack(claim))
        end
        local function lastOf(q)
          local id = cursor(q)
          return id and padded(id) or ''
        end

        """

    /// `served(set, tag, count, now)` moves v on, forgets the flows that it has passed, and measures the pace.
    static let serving = """
        local function served(set, tag, count, now)
          local state, flows = set .. ':state', set .. ':flows'
          local s = redis.call('HMGET', state, 'v', 'mark', 'adm', 'gap')
          local v = math.max(tonumber(s[1] or 0), tonumber(tag))
          local mark, adm, gap = tonumber(s[2] or now), tonumber(s[3] or 0), tonumber(s[4] or nil)
          if adm > 0 then
            local sample = math.max(0, now - mark) / adm
            gap = gap and gap + (1 - 0.9 ^ adm) * (sample - gap) or sample
            redis.call('HSET', state, 'gap', gap)
            mark, adm = now, 0
          end
          redis.call('HSET', state, 'v', v, 'mark', mark, 'adm', adm + count)
          mortal(state, 86400000)
          redis.call('ZREMRANGEBYSCORE', flows, '-inf', v)
        end

        """

    /// `sort(q, set, lane, due, prefix, wid, now, patience, from)` → number of entries put into the order set.
    ///
    /// Tenants' weights stand in ARGV from `from`. Each call sorts one chunk, so that no lane is left out. Beyond that,
    /// all calls of one script together are bounded by 300 entries, 1 MB of bodies and 2 ms (chosen: Redis answers
    /// nobody else meanwhile). Entries and bodies are counted because time stands still in a script from Redis 7.2 on.
    static let sorting = """
        local left, room, began, weights = 300, 1048576, nil, nil
        local function micros()
          local t = redis.call('TIME')
          return t[1] * 1000000 + t[2]
        end
        local function weight(tenant, from)
          if not weights then
            weights = {}
            for i = from, #ARGV - 1, 2 do weights[ARGV[i]] = tonumber(ARGV[i + 1]) end
          end
          return weights[tenant] or 1
        end
        local function sort(q, set, lane, due, prefix, wid, now, patience, from)
          local state, flows, finish, v, total = set .. ':state', set .. ':flows', {}, nil, 0
          local place = 'o/' .. string.match(set, '[^:]*$') .. '/'
          began = began or micros()
          while total == 0 or (left > 0 and room > 0 and micros() - began < 2000) do
            local count = total == 0 and 50 or math.min(50, left)
            local r = redis.call('XREADGROUP', 'GROUP', 'workers', wid, 'COUNT', count, 'NOACK', 'STREAMS', q, '>')
            if not r then break end
            if not v then
              if redis.call('EXISTS', set) == 0 then redis.call('HSET', state, 'mark', now, 'adm', 0) end
              v = tonumber(redis.call('HGET', state, 'v') or 0)
            end
            local tags, dues = {}, {}
            for _, e in ipairs(r[1][2]) do
              local id, tenant, dl, again = nil, 'default', nil, false
              for i = 1, #e[2], 2 do
                local name, value = e[2][i], e[2][i + 1]
                if name == 'id' then id = value
                elseif name == 't' then if value ~= '' then tenant = string.sub(value, 1, 128) end
                elseif name == 'dl' then dl = value
                elseif name == 'n' then again = value ~= '0'
                else room = room - #value end
              end
              local member = lane .. ' ' .. padded(e[1])
              local flow = again and '\\n' .. tenant or tenant
              local tag = math.max(v, finish[flow] or tonumber(redis.call('ZSCORE', flows, flow) or 0))
              finish[flow] = tag + 1 / weight(tenant, from)
              local ends = tonumber(string.match(e[1], '^%d+')) + patience
              if dl and #dl <= 16 and string.match(dl, '^%d+$') then ends = tonumber(dl) end
              ends = math.min(ends, LATEST)
              tags[#tags + 1], tags[#tags + 2] = tag, member
              dues[#dues + 1], dues[#dues + 2] = ends, member
              local wait = waitKey(prefix, id)
              if wait then
                redis.call('SET', wait, place .. member, 'PX', math.max(0, math.floor(ends - now)) + 60000)
              end
            end
            redis.call('ZADD', set, 'NX', unpack(tags))
            redis.call('ZADD', due, unpack(dues))
            total, left = total + #tags / 2, left - #tags / 2
            if #tags / 2 < count then break end
          end
          if total > 0 then
            local tags = {}
            for flow, tag in pairs(finish) do tags[#tags + 1], tags[#tags + 2] = tag, flow end
            redis.call('ZADD', flows, unpack(tags))
            mortal(state, 86400000)
            mortal(flows, 86400000)
          end
          return total
        end

        """
}
