/// PARK, ADMIT, ROOMS and PLACES: the scripts of `JobQueue+Rooms` and `JobQueue+Places`.
///
/// A room is an order set (`QueueScripts+Order`) whose `:state` also has `spec` and `ready` (when capacity comes).
///
/// The key `wait:<id>` says where a request is:
/// - `o/<lane>/<member>`: in a lane's order
/// - `r/<room>/<member>`: in a room
/// - `a/<room>/<member>/<start tag>`: just admitted
extension QueueScripts {
    /// Puts a claimed entry that was not started into a room.
    ///
    /// It leaves the pending list and stays in its lane.
    ///
    /// An entry that was just admitted gets its old start tag back: it keeps its place, and its flow pays nothing.
    ///
    ///     KEYS[1] -> lane
    ///     KEYS[2] -> room
    ///     KEYS[3] -> rooms
    ///     KEYS[4] -> everything in order sets, by deadline
    ///     KEYS[5] -> place of the request
    ///     KEYS[6] -> never
    ///     ARGV[1] -> worker
    ///     ARGV[2] -> entry
    ///     ARGV[3] -> delivery count
    ///     ARGV[4] -> flow
    ///     ARGV[5] -> lane index
    ///     ARGV[6] -> weight
    ///     ARGV[7] -> name of the room
    ///     ARGV[8] -> spec
    ///     ARGV[9] -> when the room is due, in ms since 1970
    ///     ARGV[10] -> now, in ms since 1970
    ///     ARGV[11] -> deadline, in ms since 1970
    ///     ARGV[12] -> TTL of the room's state in ms
    ///     ARGV[13] -> when capacity is expected, in ms since 1970, or 0
    ///     "parked" -> it waits in the room (also for a lost reply)
    ///     "lost" -> not mine
    package static let park = RedisScript(
        ownership + members + """
            local q, set, rooms, due, wait = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
            local wid, entry, count, flow, lane, weight = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
            local room, spec, dueAt, now, ends = ARGV[7], ARGV[8], ARGV[9], tonumber(ARGV[10]), tonumber(ARGV[11])
            local ttl, expected = tonumber(ARGV[12]), tonumber(ARGV[13])
            local member = lane .. ' ' .. padded(entry)
            if not mine(q, wid, entry, count) then
              return redis.call('ZSCORE', set, member) and 'parked' or 'lost'
            end
            local state, flows, memo = set .. ':state', set .. ':flows', 'a/' .. room .. '/' .. member .. '/'
            local before = redis.call('GET', wait)
            redis.call('XACK', q, 'workers', entry)
            if before and string.sub(before, 1, #memo) == memo then
              redis.call('ZADD', set, 'NX', string.sub(before, #memo + 1), member)
              if tonumber(redis.call('HGET', state, 'adm') or 0) > 0 then redis.call('HINCRBY', state, 'adm', -1) end
              redis.call('ZADD', rooms, dueAt, room)
              -- This entry was just admitted, so its worker knows more about capacity than those before.
              redis.call('HDEL', state, 'ready')
            else
              if redis.call('EXISTS', set) == 0 then
                redis.call('HSET', state, 'mark', now, 'adm', 0)
                redis.call('HDEL', state, 'ready')
              end
              local v = tonumber(redis.call('HGET', state, 'v') or 0)
              local tag = math.max(v, tonumber(redis.call('ZSCORE', flows, flow) or 0))
              if redis.call('ZADD', set, 'NX', tag, member) == 1 then
                redis.call('ZADD', flows, tag + 1 / weight, flow)
              end
              redis.call('ZADD', rooms, 'LT', dueAt, room)
              local ready = tonumber(redis.call('HGET', state, 'ready') or 0)
              if ready > now and ready < expected then expected = 0 end
            end
            redis.call('HSET', state, 'spec', spec)
            if expected > 0 then redis.call('HSET', state, 'ready', expected) end
            mortal(state, ttl)
            mortal(flows, ttl)
            redis.call('ZADD', due, ends, member .. ' ' .. room)
            redis.call('SET', wait, 'r/' .. room .. '/' .. member, 'PX', math.max(0, ends - now) + 60000)
            return 'parked'
            """)

    /// Claims a room's entries, in order.
    ///
    /// The room's due time moves a little ahead, so that others do not admit at once too.
    ///
    /// With n lanes:
    ///
    ///     KEYS[1] -> room
    ///     KEYS[2] -> rooms
    ///     KEYS[3] -> everything in order sets, by deadline
    ///     KEYS[4…n+3] -> lanes, most urgent first
    ///     KEYS[n+4] -> never
    ///     ARGV[1] -> worker
    ///     ARGV[2] -> name of the room
    ///     ARGV[3] -> entries, at most
    ///     ARGV[4] -> `1` to ignore the due time
    ///     ARGV[5] -> now, in ms since 1970
    ///     ARGV[6] -> ms until the room is due again
    ///     ARGV[7] -> prefix of all keys
    ///     list of {lane index from 0, entry, fields} -> claimed entries
    package static let admit = RedisScript(
        records + members + seizing + serving + """
            local set, rooms, due = KEYS[1], KEYS[2], KEYS[3]
            local wid, room, most, isForced = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4] == '1'
            local now, hold, prefix = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
            local got, last, tag = {}, {}, nil
            if most < 1 then return got end
            if not isForced then
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
                local e = seize(q, last[lane], wid, due, set, {member}, room)[1]
                if e then
                  got[#got + 1] = {lane, e[1], e[2]}
                  local wait = waitKey(prefix, field(e, 'id'))
                  if wait then redis.call('SET', wait, 'a/' .. room .. '/' .. member .. '/' .. tag, 'PX', 60000) end
                end
              end
            end
            if tag then served(set, tag, #got, now) end
            if redis.call('EXISTS', set) == 0 then redis.call('ZREM', rooms, room)
            else redis.call('ZADD', rooms, now + hold, room) end
            return got
            """)

    /// Lists all rooms with waiters, soonest due first.
    ///
    ///     KEYS[1] -> rooms
    ///     KEYS[2] -> never
    ///     ARGV[1] -> prefix of all keys
    ///     list of {name, due in ms since 1970, spec, waiters} -> the rooms
    package static let rooms = RedisScript(
        """
        local rooms, prefix, found = KEYS[1], ARGV[1], {}
        local rows = redis.call('ZRANGE', rooms, 0, -1, 'WITHSCORES')
        for i = 1, #rows, 2 do
          local set = prefix .. 'room:' .. rows[i]
          local count = redis.call('ZCARD', set)
          if count == 0 then redis.call('ZREM', rooms, rows[i])
          else found[#found + 1] = {rows[i], rows[i + 1], redis.call('HGET', set .. ':state', 'spec') or '', count} end
        end
        return found
        """)

    /// Tells the places of waiting requests.
    ///
    /// For n requests:
    ///
    ///     KEYS[1…n] -> place of each request
    ///     KEYS[n+1] -> never
    ///     ARGV[1] -> prefix of all keys
    ///     ARGV[2] -> now, in ms since 1970
    ///     list of {position from 1, expected wait in ms or -1} -> one per request, {} where it does not wait
    package static let places = RedisScript(
        """
        local prefix, now, found = ARGV[1], tonumber(ARGV[2]), {}
        for i = 1, #KEYS - 1 do
          found[i] = {}
          local kind, name, member = string.match(redis.call('GET', KEYS[i]) or '', '^([or])/([^/]*)/(.*)$')
          local set = kind and prefix .. (kind == 'o' and 'order:' or 'room:') .. name
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
