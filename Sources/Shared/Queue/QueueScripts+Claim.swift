/// CLAIM: the script of `JobQueue+Claim`.
extension QueueScripts {
    /// Claims new entries from the lanes in the given order, never more than the free slots in all.
    ///
    /// While no lane has an order set, each lane costs one plain read. A read that got all it asked for may have left
    /// more behind, which is sorted then. As long as anything is in the order set, entries are sorted first and claimed
    /// from there.
    ///
    /// With n lanes:
    ///
    ///     KEYS[1] -> everything in order sets, by deadline
    ///     KEYS[2…n+1] -> lanes, in order
    ///     KEYS[n+2…2n+1] -> their order sets
    ///     KEYS[2n+2] -> never
    ///     ARGV[1] -> worker
    ///     ARGV[2] -> free slots
    ///     ARGV[3] -> now, in ms since 1970
    ///     ARGV[4] -> default time of a request in ms
    ///     ARGV[5] -> prefix of all keys
    ///     ARGV[6…n+5] -> share per lane: taken first, the rest fills up in order
    ///     ARGV[n+6…2n+5] -> lane index per lane
    ///     ARGV[2n+6…] -> tenant and weight, of each tenant that has one
    ///     list of {i, entry, fields} -> claimed entries, i = place of the lane in KEYS, from 1
    package static let claim = RedisScript(
        """
        local n, wid, free, prefix = math.floor(#KEYS / 2) - 1, ARGV[1], tonumber(ARGV[2]), ARGV[5]
        local got, empty = {}, {}
        if free < 1 then return got end
        local function lane(i) return KEYS[1 + i] end
        local function share(i) return tonumber(ARGV[5 + i]) end
        local isOrdered = redis.call('EXISTS', unpack(KEYS, 2 + n)) > 0
        local function read(i, most)
          if most < 1 or empty[i] then return end
          local r = redis.call('XREADGROUP', 'GROUP', 'workers', wid, 'COUNT', most, 'STREAMS', lane(i), '>')
          empty[i] = not r or #r[1][2] < most
          if not r then return end
          for _, e in ipairs(r[1][2]) do
            got[#got + 1] = {i, e[1], e[2]}
            free = free - 1
          end
        end
        local function fill(take)
          for i = 1, n do take(i, math.min(free, share(i))) end
          for i = 1, n do take(i, free) end
        end
        if not isOrdered then
          fill(read)
          local isMore = false
          for i = 1, n do isMore = isMore or empty[i] == false end
          if not isMore then return got end
        end

        """ + records + members + seizing + serving + sorting + """
            local due, now, patience, last = KEYS[1], tonumber(ARGV[3]), tonumber(ARGV[4]), {}
            local function orderSet(i) return KEYS[1 + n + i] end
            local function laneIndex(i) return ARGV[5 + n + i] end
            local function tidy(i)
              sort(lane(i), orderSet(i), laneIndex(i), due, prefix, wid, now, patience, 6 + 2 * n)
            end
            local function pop(i, most)
              local q, set, before, tag = lane(i), orderSet(i), free, nil
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
                ordered[i] = redis.call('EXISTS', orderSet(i)) == 1
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
}
