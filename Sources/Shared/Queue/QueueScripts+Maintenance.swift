/// SORT, EXPIRED and PROMOTE: the scripts of `JobQueue+Maintenance`.
extension QueueScripts {
    /// Puts entries that nobody has taken for a while into the lanes' order sets, within the bounds of `sorting`.
    ///
    /// Younger entries are left alone: a worker with a free slot is about to read them, and may already wait for them.
    /// Entries from the future are sorted too, since their producer chose the ID.
    ///
    /// With n lanes:
    ///
    ///     KEYS[1] -> everything in order sets, by deadline
    ///     KEYS[2…n+1] -> lanes, most urgent first
    ///     KEYS[n+2…2n+1] -> their order sets
    ///     KEYS[2n+2] -> never
    ///     ARGV[1] -> worker
    ///     ARGV[2] -> least age in ms
    ///     ARGV[3] -> now, in ms since 1970
    ///     ARGV[4] -> default time of a request in ms
    ///     ARGV[5] -> prefix of all keys
    ///     ARGV[6…] -> tenant and weight, of each tenant that has one
    ///     number -> entries that were sorted
    package static let sort = RedisScript(
        members + sorting + """
            local due, n, total = KEYS[1], math.floor(#KEYS / 2) - 1, 0
            local wid, age, now, patience, prefix = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
            for i = 1, n do
              local q, set = KEYS[1 + i], KEYS[1 + n + i]
              local id = cursor(q)
              local e = id and redis.call('XRANGE', q, '(' .. id, '+', 'COUNT', 1)[1]
              if e and math.abs(micros() / 1000 - tonumber(string.match(e[1], '^%d+'))) >= age then
                total = total + sort(q, set, i - 1, due, prefix, wid, now, patience, 6)
              end
            end
            return total
            """)

    /// Claims entries that waited in a lane's order set or in a room until their deadline passed.
    ///
    /// With n lanes:
    ///
    ///     KEYS[1] -> everything in order sets, by deadline
    ///     KEYS[2] -> rooms
    ///     KEYS[3…n+2] -> lanes, most urgent first
    ///     KEYS[n+3…2n+2] -> their order sets
    ///     KEYS[2n+3] -> never
    ///     ARGV[1] -> worker
    ///     ARGV[2] -> entries, at most
    ///     ARGV[3] -> now, in ms since 1970
    ///     ARGV[4] -> prefix of all keys
    ///     list of {lane index from 0, entry, fields} -> claimed entries
    package static let expired = RedisScript(
        records + members + seizing + """
            local due, rooms, n, got = KEYS[1], KEYS[2], math.floor((#KEYS - 3) / 2), {}
            local wid, most, now, prefix = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
            local rows = redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, most)
            for _, row in ipairs(rows) do
              local member, room = string.match(row, '^(%d [%d-]+) ?(.*)$')
              local lane = tonumber(string.sub(member, 1, 1))
              local q = KEYS[3 + lane]
              local set = room == '' and KEYS[3 + n + lane] or prefix .. 'room:' .. room
              local e = seize(q, lastOf(q), wid, due, set, {member}, room)[1]
              if e then
                got[#got + 1] = {lane, e[1], e[2]}
                local wait = waitKey(prefix, field(e, 'id'))
                if wait then redis.call('DEL', wait) end
              end
              if room ~= '' and redis.call('EXISTS', set) == 0 then redis.call('ZREM', rooms, room) end
            end
            return got
            """)

    /// Moves one delayed request back into its lane.
    ///
    ///     KEYS[1] -> delayed requests
    ///     KEYS[2] -> held fields of this request
    ///     KEYS[3] -> lane
    ///     ARGV[1] -> its member in `delayed`
    ///     1 -> moved
    ///     0 -> another worker was quicker, or the fields have expired
    package static let promote = RedisScript(
        """
        local delayed, held, q, member = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
        if redis.call('ZREM', delayed, member) == 0 then return 0 end
        local fields = redis.call('HGETALL', held)
        if #fields == 0 then return 0 end
        redis.call('XADD', q, '*', unpack(fields))
        redis.call('UNLINK', held)
        return 1
        """)
}
