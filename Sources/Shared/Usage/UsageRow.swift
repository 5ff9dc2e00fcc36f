/// One row for the ledger, as the outbox delivers it: at least once, in any order.
package struct UsageRow: Sendable, Equatable {
    package var requestID: String
    package var attempt: Int
    /// `false` when a reaper has written it for a worker that died.
    ///
    /// A final row replaces such a row, never the other way round.
    package var isFinal: Bool
    package var record: AttemptRecord

    package init(requestID: String, attempt: Int, isFinal: Bool, record: AttemptRecord) {
        self.requestID = requestID
        self.attempt = attempt
        self.isFinal = isFinal
        self.record = record
    }

    /// From the fields of an outbox entry, or `nil` if it cannot be read.
    ///
    /// The entry's own time ends an attempt whose end nobody saw.
    package init?(outbox fields: [RedisValue], writtenAt: Int64) {
        var (id, attempt, flag, tokens): (String?, Int64?, String?, Int64?)
        var bytes: [UInt8]?
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            let value = fields[index + 1]
            switch fields[index].string {
            case "id": id = value.string
            case "a": attempt = value.int
            case "f": flag = value.string
            case "t": tokens = value.int
            case "u": bytes = value.bytes
            default: break
            }
        }
        guard let id, let attempt, let bytes, let record = AttemptRecord(decoding: bytes) else { return nil }
        self.init(requestID: id, attempt: Int(clamping: attempt), isFinal: flag == "1", record: record)
        guard !isFinal else { return }
        self.record.status = .lost
        self.record.errorKind = .workerLost
        self.record.endedAt = writtenAt
        self.record.usage.output = Int(clamping: tokens ?? 0)
        self.record.usage.isEstimated = true
    }

    /// As the ledger's columns and indexes can hold it, whoever wrote the entry.
    package var bounded: UsageRow {
        UsageRow(
            requestID: requestID.clipped(toBytes: Bounds.id), attempt: attempt.clamped(to: 0...Int(Int32.max)),
            isFinal: isFinal, record: record.bounded)
    }

    /// One row per attempt, sorted by key: what is written together locks in the same order everywhere.
    ///
    /// The final row of an attempt counts, or else the first.
    package static func merged(_ rows: [UsageRow]) -> [UsageRow] {
        // Places are sorted, since rows are large.
        let places = rows.indices.sorted { a, b in
            guard rows[a].hasKey(of: rows[b]) else {
                return (rows[a].requestID, rows[a].attempt) < (rows[b].requestID, rows[b].attempt)
            }
            return rows[a].isFinal == rows[b].isFinal ? a < b : rows[a].isFinal
        }
        var merged: [UsageRow] = []
        merged.reserveCapacity(rows.count)
        for place in places where merged.last?.hasKey(of: rows[place]) != true { merged.append(rows[place]) }
        return merged
    }

    private func hasKey(of other: UsageRow) -> Bool { requestID == other.requestID && attempt == other.attempt }
}
