/// Something that the queue gave up on: a request that nobody can run, or a bill that the ledger cannot take.
///
/// An entry of the stream `QueueKeys.dead`: `why`, `lane` (the stream it came from), then the fields of the entry as it
/// was. Those may hold a prompt: `view` and `parts` show sizes, and values only of fields that cannot hold one.
package struct DeadLetter: Sendable {
    /// The place it was taken from, and to which a retry returns it.
    package enum Origin: Sendable, Equatable {
        case lane(Lane)
        /// The outbox of ledger rows.
        case outbox
        case unknown
    }

    package struct Field: Sendable, Equatable {
        package let name: String
        package let value: [UInt8]
    }

    package let id: DeadLetterID
    /// In our own words, such as `poison` or what cannot be decoded.
    package let why: String
    package let origin: Origin
    /// In the order in which they were written.
    package let fields: [Field]

    /// From `[ID, [field, value, …]]`, or `nil` for any other shape.
    init?(_ value: RedisValue, keys: QueueKeys) {
        guard let pair = value.array, pair.count == 2, let entry = pair[0].string, let values = pair[1].array,
            let id = DeadLetterID(shard: keys.shard, entry: entry)
        else { return nil }
        var fields = stride(from: 0, to: values.count - 1, by: 2).map { index in
            Field(
                name: String(decoding: values[index].bytes ?? [], as: UTF8.self), value: values[index + 1].bytes ?? [])
        }
        // Ours stand first: the entry may have fields of the same names.
        let ours = fields.prefix(2).filter { $0.name == "why" || $0.name == "lane" }
        fields.removeFirst(ours.count)
        self.id = id
        self.fields = fields
        why = ours.first { $0.name == "why" }.map { String(decoding: $0.value, as: UTF8.self) } ?? "unknown"
        origin = Self.origin(ours.first { $0.name == "lane" }?.value ?? [], keys)
    }

    private static func origin(_ stream: [UInt8], _ keys: QueueKeys) -> Origin {
        let stream = String(decoding: stream, as: UTF8.self)
        if stream == keys.usage { return .outbox }
        return Lane.allCases.first { keys.queue($0) == stream }.map { .lane($0) } ?? .unknown
    }

    /// The entry as it stood in its stream.
    var entry: [RedisValue] { fields.flatMap { [.bulk(Array($0.name.utf8)), .bulk($0.value)] } }

    subscript(name: String) -> [UInt8]? { fields.first { $0.name == name }?.value }

    /// The request in it.
    ///
    /// Throws what makes it unreadable, for a letter from elsewhere too.
    func job() throws(JobWireError) -> Job {
        guard case .lane(let lane) = origin else {
            throw .undecodable(id: nil, channel: nil, reason: "it is no request")
        }
        return try Job(entry: entry, lane: lane, defaultDeadline: id.diedAt)
    }

    /// The reason why it can only be dropped, or `nil` where it can be retried.
    package var obstacle: String? {
        switch origin {
        case .unknown: return "it came from a stream that this version does not know"
        case .outbox:
            return UsageRow(outbox: entry, writtenAt: id.diedAt) == nil ? "the ledger row cannot be read" : nil
        case .lane:
            do { _ = try job() } catch {
                switch error {
                case .newerVersion: return "it was written by a newer version"
                case .undecodable(_, _, let reason): return "it cannot be read: \(reason)"
                }
            }
            return nil
        }
    }
}

/// Names a dead letter in an installation: `<shard>:<entry ID>`.
package struct DeadLetterID: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let shard: Int
    let milliseconds: UInt64
    let seq: UInt64

    /// `nil` for anything but two decimal numbers around a dash.
    init?(shard: Int, entry: String) {
        let parts = entry.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let milliseconds = Self.number(parts[0]), let seq = Self.number(parts[1]) else {
            return nil
        }
        self.shard = shard
        self.milliseconds = milliseconds
        self.seq = seq
    }

    package init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let shard = Self.number(parts[0]), shard <= 9999 else { return nil }
        self.init(shard: Int(shard), entry: String(parts[1]))
    }

    var entry: String { "\(milliseconds)-\(seq)" }
    package var description: String { "\(shard):\(entry)" }
    /// Milliseconds since 1970.
    var diedAt: Int64 { Int64(clamping: milliseconds) }

    /// Older ones first.
    ///
    /// Among shards of one instant the highest is first, so that a listing from the newest begins with shard 0.
    package static func < (a: DeadLetterID, b: DeadLetterID) -> Bool {
        (a.milliseconds, a.seq, b.shard) < (b.milliseconds, b.seq, a.shard)
    }

    private static func number(_ text: Substring) -> UInt64? {
        text.utf8.allSatisfy(\.isASCIIDigit) ? UInt64(text) : nil
    }
}
