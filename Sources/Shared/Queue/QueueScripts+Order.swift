/// CLAIM, SORT and EXPIRED: the fair order between tenants (`docs/decisions/007-waiting-rooms.md`).
///
/// An entry in *limbo* is behind the group's last delivered ID and in nobody's pending list; its member in an *order set* (a
/// lane's, or a room's) says when its turn comes. The sets only propose: whoever claims checks the stream and the pending
/// list, so a member too many does no harm. A member is `<lane index> <entry ID, padded>`: among equals the more urgent lane
/// is first, then the older entry.
///
/// The order is start-time fair queueing. A flow's next entry begins at max(v, finish tag of the flow), and ends 1/weight
/// later; v is the start tag of the entry served last. Finish tags stay until v has passed them: a tenant that always has
/// just one entry waiting gets its share and no more. What comes back after an attempt (a rate limit, a failure) is a flow of its own
/// beside its tenant's: it need not wait behind all that its tenant has sent since, and other tenants lose no more by it than by one tenant more.
/// Beside each set stand `:flows` (finish tags by flow) and `:state` (`v`; `gap`, ms between two admissions, smoothed;
/// `mark`, `adm`: admissions since a moment), both with a TTL.
extension QueueScripts {
    /// `padded(id)`, `unpadded(member)`, `isUpTo(one, other)` of two padded IDs, `cursor(q)`, `mortal(key, ttl)`,
    /// `waitKey(prefix, id)`; `LATEST`: times of strangers end there, since what is far beyond is no whole number to Redis.
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

    /// `seize(q, last, wid, due, set, members, room)` → entries of one lane, now pending for `wid` with delivery count 1.
    ///
    /// Left out are entries that are gone, and those that somebody holds: XCLAIM takes them only from nobody, since nobody
    /// can be idle for as long as it asks. Left out too where the group was made again and its cursor (`last`, padded) is
    /// still before the entry: then a read will deliver it. All members leave the set.
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

    /// `served(set, tag, count, now)`: v moves on, flows it has passed are forgotten, the pace is measured.
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

    /// `sort(q, set, lane, due, prefix, wid, now, patience, from)` → entries put into the order set; tenants' weights stand
    /// in ARGV from `from`.
    ///
    /// One chunk in any case, so that no lane is left out. Beyond that, all calls of one script together are bounded by 300
    /// entries, 1 MB of bodies and 2 ms (chosen: Redis answers nobody else meanwhile; from Redis 7.2 on, time stands still
    /// in a script, hence the other two).
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

    /// Claims new entries from the lanes in the given order, never more than the free slots in all.
    ///
    /// While no lane has an order set, one plain read each. A read that got all it asked for may have left more behind: that
    /// is sorted then, and as long as anything is in the order set, entries are sorted first and claimed from there.
    /// KEYS due, then q per lane in order, then order set per lane, never. ARGV worker, free slots, now in ms, default time a
    /// request has in ms, key prefix, then share per lane (taken first, the rest fills up in order), then lane index per
    /// lane, then tenant and weight of each tenant that has one.
    /// Returns per claimed entry {lane index from 1 in the order given, entry id, fields}.
    package static let claim = RedisScript(
        """
        local n, free, got, empty = math.floor(#KEYS / 2) - 1, tonumber(ARGV[2]), {}, {}
        if free < 1 then return got end
        local isOrdered = redis.call('EXISTS', unpack(KEYS, 2 + n)) > 0
        local function read(i, most)
          if most < 1 or empty[i] then return end
          local r = redis.call('XREADGROUP', 'GROUP', 'workers', ARGV[1], 'COUNT', most, 'STREAMS', KEYS[1 + i], '>')
          empty[i] = not r or #r[1][2] < most
          if not r then return end
          for _, e in ipairs(r[1][2]) do
            got[#got + 1] = {i, e[1], e[2]}
            free = free - 1
          end
        end
        local function fill(take)
          for i = 1, n do take(i, math.min(free, tonumber(ARGV[5 + i]))) end
          for i = 1, n do take(i, free) end
        end
        if not isOrdered then
          fill(read)
          local isMore = false
          for i = 1, n do isMore = isMore or empty[i] == false end
          if not isMore then return got end
        end

        """ + records + members + seizing + serving + sorting + """
            local due, wid, now, patience, prefix, last = KEYS[1], ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5], {}
            local function tidy(i)
              sort(KEYS[1 + i], KEYS[1 + n + i], ARGV[5 + n + i], due, prefix, wid, now, patience, 6 + 2 * n)
            end
            local function pop(i, most)
              local q, set, before, tag = KEYS[1 + i], KEYS[1 + n + i], free, nil
              while before - free < most do
                local rows = redis.call('ZRANGE', set, 0, most - (before - free) - 1, 'WITHSCORES')
                if #rows == 0 then break end
                last[i] = last[i] or lastOf(q)
                local members, waits = {}, {}
                for r = 1, #rows, 2 do members[#members + 1], tag = rows[r], rows[r + 1] end
                for _, e in ipairs(seize(q, last[i], wid, due, set, members, '')) do
                  got[#got + 1] = {i, e[1], e[2]}
                  free = free - 1
                  waits[#waits + 1] = waitKey(prefix, field(e, 'id'))
                end
                if #waits > 0 then redis.call('DEL', unpack(waits)) end
              end
              if tag then served(set, tag, before - free, now) end
              return before - free
            end
            local ordered = {}
            if isOrdered then
              for i = 1, n do
                ordered[i] = redis.call('EXISTS', KEYS[1 + n + i]) == 1
                if ordered[i] then tidy(i) end
              end
              fill(function(i, most)
                if ordered[i] and most > 0 then most = most - pop(i, most) end
                read(i, most)
              end)
            end
            for i = 1, n do
              if not ordered[i] and empty[i] == false then tidy(i) end
            end
            return got
            """)

    /// Puts what nobody has taken for a while into the lanes' order sets; within the bounds of `sorting`.
    ///
    /// Younger entries are left alone: a worker with a free slot is about to read them, and may already wait for them. One
    /// from the future is none of those: its producer chose its ID.
    /// KEYS due, then q per lane, then order set per lane, never. ARGV worker, least age in ms, now in ms, default time a request has
    /// in ms, key prefix, then tenant and weight of each tenant that has one. Returns how many entries were sorted.
    package static let sort = RedisScript(
        members + sorting + """
            local n, total = math.floor(#KEYS / 2) - 1, 0
            for i = 1, n do
              local q, id = KEYS[1 + i], cursor(KEYS[1 + i])
              local e = id and redis.call('XRANGE', q, '(' .. id, '+', 'COUNT', 1)[1]
              if e and math.abs(micros() / 1000 - tonumber(string.match(e[1], '^%d+'))) >= tonumber(ARGV[2]) then
                total = total
                  + sort(q, KEYS[1 + n + i], i - 1, KEYS[1], ARGV[5], ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4]), 6)
              end
            end
            return total
            """)

    /// Claims entries that waited in a lane's order set or in a room until their deadline passed.
    ///
    /// KEYS due, rooms, then q per lane, then order set per lane, never. ARGV worker, most, now in ms, key prefix.
    /// Returns per claimed entry {lane index from 0, entry id, fields}.
    package static let expired = RedisScript(
        records + members + seizing + """
            local got, n, prefix = {}, math.floor((#KEYS - 3) / 2), ARGV[4]
            local rows = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[3], 'LIMIT', 0, ARGV[2])
            for _, row in ipairs(rows) do
              local member, room = string.match(row, '^(%d [%d-]+) ?(.*)$')
              local lane = tonumber(string.sub(member, 1, 1))
              local set = room == '' and KEYS[2 + n + lane + 1] or prefix .. 'room:' .. room
              local q = KEYS[2 + lane + 1]
              local e = seize(q, lastOf(q), ARGV[1], KEYS[1], set, {member}, room)[1]
              if e then
                got[#got + 1] = {lane, e[1], e[2]}
                local wait = waitKey(prefix, field(e, 'id'))
                if wait then redis.call('DEL', wait) end
              end
              if room ~= '' and redis.call('EXISTS', set) == 0 then redis.call('ZREM', KEYS[2], room) end
            end
            return got
            """)
}
