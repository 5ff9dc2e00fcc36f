package import NIOCore

/// One record of a request's log, as its readers need it.
package struct RequestLogEntry: Sendable, Equatable {
    package enum Record: Sendable, Equatable {
        /// A tracked request was accepted. `channel` is where its deltas are published, empty for none.
        case queued(bodyHash: String, tenant: String, channel: String)
        case started(channel: String)
        /// One or more chunks, separated by line feeds.
        case delta(ByteBuffer)
        case end(RequestEnd)
        /// Written by a newer version: nothing for this reader.
        case unknown
    }

    package let id: RequestLogID
    package let record: Record

    package init(id: RequestLogID, record: Record) {
        self.id = id
        self.record = record
    }

    /// Size of what a reader gets of it.
    package var bytes: Int {
        switch record {
        case .delta(let payload): payload.readableBytes
        case .end(let end): end.meta.readableBytes + end.result.readableBytes
        case .queued, .started, .unknown: 0
        }
    }
}

/// The end of a request, as the log has it.
package struct RequestEnd: Sendable, Equatable {
    package let status: JobQueue.End.Status
    /// `AnswerMeta` as JSON, or `{}` where it is not known.
    package let meta: ByteBuffer
    /// The completion body, the failure as JSON, or empty for a stream that ended well.
    package let result: ByteBuffer

    package init(status: JobQueue.End.Status, meta: ByteBuffer, result: ByteBuffer) {
        self.status = status
        self.meta = meta
        self.result = result
    }

    /// `nil` where the request ended well.
    package var failure: JobFailure? {
        status == .done ? nil : JobFailure(decoding: Array(result.readableBytesView))
    }
}

/// First and last record of a log: the state of its request.
package struct RequestLogEdges: Sendable, Equatable {
    package let first: RequestLogEntry
    package let last: RequestLogEntry
}

/// Reads logs, which are the truth about every request.
extension JobQueue {
    /// The records after `id`, oldest first, at most `count`.
    ///
    /// Empty for a log that does not exist.
    package func readLog(
        _ request: String, after id: RequestLogID = .beginning, count: Int
    ) async throws(RedisError) -> [RequestLogEntry] {
        let reply = try await redis.send(
            RedisCommand("XRANGE", .string(keys.log(request)), "(\(id)", "+", "COUNT", .int(count)))
        return RequestLogEntry.list(reply)
    }

    /// First and last record, or `nil` where the log does not exist.
    package func logEdges(_ request: String) async throws(RedisError) -> RequestLogEdges? {
        let log = RedisArgument.string(keys.log(request))
        let replies = try await redis.pipeline([
            RedisCommand("XRANGE", log, "-", "+", "COUNT", "1"),
            RedisCommand("XREVRANGE", log, "+", "-", "COUNT", "1"),
        ])
        for reply in replies { try reply.throwIfError() }
        guard let first = replies.first.map(RequestLogEntry.list)?.first,
            let last = replies.last.map(RequestLogEntry.list)?.first
        else { return nil }
        return RequestLogEdges(first: first, last: last)
    }

    /// ID and size of the last record of each log, or `nil` for a log that does not exist, in one round trip.
    package func logTops(_ requests: [String]) async throws(RedisError) -> [RequestLogTop?] {
        guard !requests.isEmpty else { return [] }
        let reply = try await redis.evaluate(QueueScripts.tops, keys: requests.map(keys.log), args: [])
        guard let rows = reply.array, rows.count == requests.count else {
            throw RedisError(.protocolViolation, "TOPS answered for another number of logs")
        }
        return rows.map { row in
            guard let row = row.array, row.count == 2, let id = row[0].string.flatMap({ RequestLogID($0) }) else {
                return nil
            }
            return RequestLogTop(id: id, bytes: Int(clamping: row[1].int ?? 0))
        }
    }
}

/// ID and size of the last record of a log.
package struct RequestLogTop: Sendable, Equatable {
    package let id: RequestLogID
    package let bytes: Int

    package init(id: RequestLogID, bytes: Int) {
        self.id = id
        self.bytes = bytes
    }
}

extension QueueScripts {
    /// Tells where logs end.
    ///
    /// Answers of many megabytes are not sent only to find out that they are there.
    ///
    ///     KEYS -> logs
    ///     list of {last ID, bytes of its values} -> one per log, {} where there is none
    package static let tops = RedisScript(
        """
        local tops = {}
        for i, log in ipairs(KEYS) do
          local top = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
          tops[i] = {}
          if top then
            local bytes = 0
            for j = 2, #top[2], 2 do bytes = bytes + #top[2][j] end
            tops[i] = {top[1], bytes}
          end
        end
        return tops
        """)
}

extension RequestLogEntry {
    /// From the reply of XRANGE.
    ///
    /// Entries of an unknown shape are left out.
    package static func list(_ reply: RedisValue) -> [RequestLogEntry] {
        (reply.array ?? []).compactMap { item in
            guard let pair = item.array, pair.count == 2, let id = pair[0].string.flatMap({ RequestLogID($0) }),
                let fields = pair[1].array
            else { return nil }
            return RequestLogEntry(id: id, record: Record(fields))
        }
    }
}

extension RequestLogEntry.Record {
    fileprivate init(_ fields: [RedisValue]) {
        func value(_ name: String) -> RedisValue? {
            for index in stride(from: 0, to: fields.count - 1, by: 2) where fields[index].string == name {
                return fields[index + 1]
            }
            return nil
        }
        func buffer(_ name: String) -> ByteBuffer { ByteBuffer(bytes: value(name)?.bytes ?? []) }
        switch value("k")?.string {
        case "q":
            self = .queued(
                bodyHash: value("h")?.string ?? "", tenant: value("t")?.string ?? "", channel: value("c")?.string ?? "")
        case "s": self = .started(channel: value("c")?.string ?? "")
        case "d": self = .delta(buffer("d"))
        case "e":
            let status = value("st")?.string.flatMap(JobQueue.End.Status.init) ?? .error
            self = .end(RequestEnd(status: status, meta: buffer("m"), result: buffer("r")))
        default: self = .unknown
        }
    }
}
