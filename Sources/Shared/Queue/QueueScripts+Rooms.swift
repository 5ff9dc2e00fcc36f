/// PARK, ADMIT, ROOMS and PLACES: waiting for accounts that are busy, in fair order.
///
/// A room is an order set (`QueueScripts+Order`) whose `:state` also holds `spec` and `ready`, when capacity is expected. The key `wait:<id>` says where a request is:
/// `o/<lane>/<member>` in a lane's order, `r/<room>/<member>` in a room, `a/<room>/<member>/<start tag>` just admitted.
extension QueueScripts {
    /// Puts a claimed entry that was not started into a room; it leaves the pending list and stays in its lane.
    ///
    /// An entry that was admitted a moment ago gets its old start tag back: it keeps its place, and its flow pays nothing.
    /// KEYS q, room, rooms, due, wait, never. ARGV worker, entry, delivery count, flow, lane index, weight, room name, spec, due in
    /// ms since 1970, now in ms, deadline in ms since 1970, TTL of the room's state in ms, when capacity is expected, in ms since
    /// 1970, or 0.
    /// Returns `parked` (also for a lost reply) or `lost`.
    package static let park = RedisScript(
        ownership + members + """
            local q, set, rooms, due, wait = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
            local entry, room, now, ends = ARGV[2], ARGV[7], tonumber(ARGV[10]), tonumber(ARGV[11])
            local member = ARGV[5] .. ' ' .. padded(entry)
            if not mine(q, ARGV[1], entry, ARGV[3]) then
              return redis.call('ZSCORE', set, member) and 'parked' or 'lost'
            end
            local state, flows, memo = set .. ':state', set .. ':flows', 'a/' .. room .. '/' .. member .. '/'
            local before, expected = redis.call('GET', wait), tonumber(ARGV[13])
            redis.call('XACK', q, 'workers', entry)
            if before and string.sub(before, 1, #memo) == memo then
              redis.call('ZADD', set, 'NX', string.sub(before, #memo + 1), member)
              if tonumber(redis.call('HGET', state, 'adm') or 0) > 0 then redis.call('HINCRBY', state, 'adm', -1) end
              redis.call('ZADD', rooms, ARGV[9], room)
              -- Whoever was let in found out more than those before.
              redis.call('HDEL', state, 'ready')
            else
              if redis.call('EXISTS', set) == 0 then
                redis.call('HSET', state, 'mark', now, 'adm', 0)
                redis.call('HDEL', state, 'ready')
              end
              local v = tonumber(redis.call('HGET', state, 'v') or 0)
              local tag = math.max(v, tonumber(redis.call('ZSCORE', flows, ARGV[4]) or 0))
              if redis.call('ZADD', set, 'NX', tag, member) == 1 then
                redis.call('ZADD', flows, tag + 1 / tonumber(ARGV[6]), ARGV[4])
              end
              redis.call('ZADD', rooms, 'LT', ARGV[9], room)
              local ready = tonumber(redis.call('HGET', state, 'ready') or 0)
              if ready > now and ready < expected then expected = 0 end
            end
            redis.call('HSET', state, 'spec', ARGV[8])
            if expected > 0 then redis.call('HSET', state, 'ready', expected) end
            mortal(state, tonumber(ARGV[12]))
            mortal(flows, tonumber(ARGV[12]))
            redis.call('ZADD', due, ends, member .. ' ' .. room)
            redis.call('SET', wait, 'r/' .. room .. '/' .. member, 'PX', math.max(0, ends - now) + 60000)
            return 'parked'
            """)

    /// Claims a room's entries, in order; the room's due time moves a little ahead, so that others do not admit at once too.
    ///
    /// KEYS room, rooms, due, then q per lane. ARGV worker, room name, most, `1` to ignore the due time, now in ms, ms until the
    /// room is due again, key prefix. Returns per claimed entry {lane index from 0, entry id, fields}.
    package static let admit = RedisScript(
        records + members + seizing + serving + """
            local set, rooms, due, room, prefix = KEYS[1], KEYS[2], KEYS[3], ARGV[2], ARGV[7]
            local most, now, got, last, tag = tonumber(ARGV[3]), tonumber(ARGV[5]), {}, {}, nil
            if most < 1 then return got end
            if ARGV[4] ~= '1' then
              local at = redis.call('ZSCORE', rooms, room)
              if not at or tonumber(at) > now then return got end
            end
            while #got < most do
              local rows = redis.call('ZRANGE', set, 0, most - #got - 1, 'WITHSCORES')
              if #rows == 0 then break end
              for r = 1, #rows, 2 do
                local member, lane = rows[r], tonumber(string.sub(rows[r], 1, 1))
                local q = KEYS[4 + lane]
                last[lane] = last[lane] or lastOf(q)
                tag = rows[r + 1]
                local e = seize(q, last[lane], ARGV[1], due, set, {member}, room)[1]
                if e then
                  got[#got + 1] = {lane, e[1], e[2]}
                  local wait = waitKey(prefix, field(e, 'id'))
                  if wait then redis.call('SET', wait, 'a/' .. room .. '/' .. member .. '/' .. tag, 'PX', 60000) end
                end
              end
            end
            if tag then served(set, tag, #got, now) end
            if redis.call('EXISTS', set) == 0 then redis.call('ZREM', rooms, room)
            else redis.call('ZADD', rooms, now + tonumber(ARGV[6]), room) end
            return got
            """)

    /// All rooms with waiters, soonest due first.
    ///
    /// KEYS rooms, never. ARGV key prefix. Returns per room {name, due, spec, waiters}.
    package static let rooms = RedisScript(
        """
        local found = {}
        local rows = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
        for i = 1, #rows, 2 do
          local set = ARGV[1] .. 'room:' .. rows[i]
          local count = redis.call('ZCARD', set)
          if count == 0 then redis.call('ZREM', KEYS[1], rows[i])
          else found[#found + 1] = {rows[i], rows[i + 1], redis.call('HGET', set .. ':state', 'spec') or '', count} end
        end
        return found
        """)

    /// Places of waiting requests.
    ///
    /// KEYS wait per request, never. ARGV key prefix, now in ms. Returns per request {position from 1, expected wait in ms or -1}, or {}.
    package static let places = RedisScript(
        """
        local found, now = {}, tonumber(ARGV[2])
        for i = 1, #KEYS - 1 do
          found[i] = {}
          local kind, name, member = string.match(redis.call('GET', KEYS[i]) or '', '^([or])/([^/]*)/(.*)$')
          local set = kind and ARGV[1] .. (kind == 'o' and 'order:' or 'room:') .. name
          local rank = set and redis.call('ZRANK', set, member)
          if rank then
            local gap = redis.call('HGET', set .. ':state', 'gap')
            local wait = gap and tonumber(gap) * (rank + 1) or -1
            local ready = kind == 'r' and redis.call('HGET', set .. ':state', 'ready')
            if ready then wait = math.max(wait, tonumber(ready) - now, 0) end
            found[i] = {rank + 1, math.ceil(wait)}
          end
        end
        return found
        """)
}
