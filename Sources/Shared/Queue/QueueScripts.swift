/// The queue's state moves (`docs/queue-protocol.md`), one Lua script each, in one extension per role as in `JobQueue`.
///
/// Above each script stand its keys, arguments and returns. This file has the Lua functions that scripts share.
///
/// Words of the scripts:
/// - A log record has the field `k`: `q` queued, `s` started, `d` delta, `e` end.
/// - *k* is the attempt of the last record before the end, *top* is the last record of the log.
/// - *owner* is the queue entry that the start record of attempt k names.
/// - An entry is *mine* when the pending list names this worker and this delivery count for it.
///
/// Only the error "equal or smaller" is a refusal. Everything else (OOM, READONLY, MISCONF) is raised to the caller.
package enum QueueScripts {
    /// ID of the record that ends a log: the largest there is, so that Redis refuses anything behind it.
    package static let end = "18446744073709551615-0"

    /// `field(record, name)` reads a field, `attempt(id)` and `seq(id)` the two numbers of a log ID.
    static let records = """
        local END = '\(end)'
        local function field(record, name)
          local f = record[2]
          for i = 1, #f, 2 do if f[i] == name then return f[i + 1] end end
        end
        local function attempt(id) return tonumber(string.match(id, '^(%d+)-')) end
        local function seq(id) return tonumber(string.match(id, '-(%d+)$')) end

        """

    /// `mine(q, wid, entry, count)`, `drop(q, entry)`, and `entryOf(record, q)`: the entry that a start record names.
    ///
    /// The entry of another lane is returned with that lane in front, so that it equals none of this lane's: entry IDs
    /// are unique in one lane only, and a producer may send a request into two.
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
    static let state = """
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
                -- Copied as text: Lua would write a large number in its own way.
                local id = string.match(last[1], '^%d+') .. '-0'
                start = redis.call('XRANGE', log, id, id)[1]
              end
            end
          end
          return ended, k, start, last, rows[1] and rows[1][1]
        end

        """

    /// `put(log, id, ...)` → true, or false where Redis refused the ID.
    ///
    /// Any other error is raised.
    static let refusal = """
        local function put(log, id, ...)
          local r = redis.pcall('XADD', log, id, ...)
          if type(r) == 'table' and r.err then
            if string.find(r.err, 'equal or smaller', 1, true) then return false end
            error(r)
          end
          return true
        end

        """

    /// `bill(usage, id, a, final, row, tokens)` puts the row of one attempt into the outbox.
    static let billing = """
        local function bill(usage, id, a, final, row, tokens)
          redis.call('XADD', usage, '*', 'id', id, 'a', a, 'f', final, 'u', row or '', 't', tokens or '0')
        end

        """

    /// `estimate(usage, id, k, start, last)` bills an attempt whose worker died, from its own start record.
    static let estimation = """
        local function estimate(usage, id, k, start, last)
          if start then bill(usage, id, k, '0', field(start, 'u'), field(last, 't') or '0') end
        end

        """

    /// `isTracked(log)`, and `shorten(log, ttl)` for a request that has no entry any more, unless it is tracked.
    static let retention = """
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
    /// Redis drops a subscriber with 32 MB unsent, or 8 MB for a minute (its defaults). A shim that lost its
    /// subscription hears of nothing until it is back, so a hundred messages of one moment must fit.
    package static let largestMessage = 256 * 1024

    /// `say(channel, id, at, prev, kind, body)` publishes a record to its shim, or `p <bytes>` where the body is large.
    static let publishing = """
        local function say(channel, id, at, prev, kind, body)
          if channel and channel ~= '' then
            if #body > \(largestMessage) then kind, body = 'p ' .. #body, '' end
            redis.call('PUBLISH', channel, id .. ' ' .. at .. ' ' .. prev .. ' ' .. kind .. '\\n' .. body)
          end
        end

        """

    /// `gather(channel, id, at, prev, kind, body)` keeps a message, or says it where its shim wants them one by one.
    ///
    /// `tell()` publishes what was kept, in one message per channel of about `largestMessage` at most: `*` LF, then
    /// each with its length and LF in front.
    static let gathering = """
        local kept, sizes = {}, {}
        local function publish(channel)
          local list = kept[channel]
          -- A message may be lost, whatever the reason, and the deltas are in their logs.
          redis.pcall('PUBLISH', channel, #list == 2 and list[2] or '*\\n' .. table.concat(list))
          kept[channel] = nil
        end
        local function gather(channel, id, at, prev, kind, body)
          if string.sub(channel, -1) ~= '+' or #body > \(largestMessage) then
            return say(channel, id, at, prev, kind, body)
          end
          local message = id .. ' ' .. at .. ' ' .. prev .. ' ' .. kind .. '\\n' .. body
          if kept[channel] and sizes[channel] + #message > \(largestMessage) then publish(channel) end
          if not kept[channel] then kept[channel], sizes[channel] = {}, 0 end
          local list = kept[channel]
          list[#list + 1] = #message .. '\\n'
          list[#list + 1] = message
          sizes[channel] = sizes[channel] + #message
        end
        local function tell()
          for channel in pairs(kept) do publish(channel) end
        end

        """

    /// `bury(dead, most, why, q, entry)` copies an entry to the dead letters, of which about `most` stay.
    ///
    /// Lua hands over some 8,000 values at most. An entry with more fields than that keeps the first 1,000 of them.
    static let burial = """
        local function bury(dead, most, why, q, entry)
          local e = redis.call('XRANGE', q, entry, entry)[1]
          if not e then return end
          local fields = e[2]
          redis.call('XADD', dead, 'MAXLEN', '~', most, '*', 'why', why, 'lane', q, unpack(fields, 1, math.min(#fields, 2000)))
        end

        """
}
