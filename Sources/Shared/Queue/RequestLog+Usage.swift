/// Usage of a request that ended while its attempt still ran.
extension JobQueue {
    /// Route and usage of the last attempt in the log, or `nil` where none was started.
    ///
    /// As the ledger estimates them where no worker says more: the prompt as it was counted at the start, the answer up
    /// to the last delta.
    package func usageSoFar(_ request: String) async throws(RedisError) -> AnswerMeta? {
        try await lastAttempt(request).map { AnswerMeta($0.record) }
    }

    /// Number of the last attempt in the log, and its record with what was counted so far.
    package func lastAttempt(
        _ request: String
    ) async throws(RedisError) -> (number: UInt64, record: AttemptRecord)? {
        let log = RedisArgument.string(keys.log(request))
        let beforeEnd = RedisArgument.string("(\(RequestLogID.end)")
        let last = try await redis.send(RedisCommand("XREVRANGE", log, beforeEnd, "-", "COUNT", "1"))
        guard let top = Self.record(last), let attempt = RequestLogID(top.id)?.attempt, attempt > 0 else {
            return nil
        }
        let start = RedisArgument.string("\(attempt)-0")
        let started = try await redis.send(RedisCommand("XRANGE", log, start, start))
        guard let row = Self.record(started)?.value("u"), var record = AttemptRecord(decoding: row) else {
            return nil
        }
        let output = top.value("t").flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
        record.usage.output = min(max(0, output), 1 << 30)
        record.usage.input = min(max(0, record.usage.input), 1 << 30)
        record.usage.isEstimated = true
        return (attempt, record)
    }

    private struct Record {
        let id: String
        let fields: [RedisValue]

        func value(_ name: String) -> [UInt8]? {
            for index in stride(from: 0, to: fields.count - 1, by: 2) where fields[index].string == name {
                return fields[index + 1].bytes
            }
            return nil
        }
    }

    private static func record(_ reply: RedisValue) -> Record? {
        guard let pair = reply.array?.first?.array, pair.count == 2, let id = pair[0].string, let fields = pair[1].array
        else { return nil }
        return Record(id: id, fields: fields)
    }
}

extension AnswerMeta {
    fileprivate init(_ record: AttemptRecord) {
        self.init()
        model = record.model
        provider = record.provider
        account = record.account
        usage = record.usage
        cost = record.cost
        currency = record.prices.currency
    }
}
