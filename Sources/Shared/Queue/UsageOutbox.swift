/// The ledger's outbox: the stream into which every attempt is billed, read by the group of flushers.
///
/// An entry is acknowledged and deleted only after PostgreSQL has committed its row. Until then it stays in the pending
/// list of its flusher, and another flusher takes it when it has lain there too long. So every row is delivered at
/// least once.
package struct UsageOutbox: Sendable {
    package struct Entry: Sendable, Equatable {
        package let id: String
        /// Empty where the entry was deleted while it was pending.
        package let fields: [RedisValue]

        /// Milliseconds since 1970.
        package var writtenAt: Int64 { (Int64(id.prefix { $0 != "-" }) ?? 0).clamped(to: Bounds.moments) }
    }

    /// The place where `takeAbandoned` goes on.
    ///
    /// It begins again at the start once it has been through.
    package struct Cursor: Sendable {
        var next = "0-0"
        package init() {}
    }

    private let redis: RedisClient
    private let keys: QueueKeys
    private let consumer: String
    private let maxDeadLetters: Int

    /// `redis` must be a connection that nothing else uses: reading blocks it.
    package init(redis: RedisClient, keys: QueueKeys, consumer: String, maxDeadLetters: Int) {
        self.redis = redis
        self.maxDeadLetters = maxDeadLetters
        self.keys = keys
        self.consumer = consumer
    }

    /// Entries that nobody has been given yet.
    ///
    /// Waits for the first one up to `block`, or not at all where it is `nil`.
    package func read(limit: Int, block: Duration?) async throws(RedisError) -> [Entry] {
        try await read(from: ">", limit: limit, block: block)
    }

    /// Entries that this consumer has not acknowledged, because the reply or the acknowledgement was lost.
    ///
    /// Reading them again counts as a delivery, which this stream, unlike the queues, does not look at.
    package func readOwn(limit: Int) async throws(RedisError) -> [Entry] {
        try await read(from: "0", limit: limit, block: nil)
    }

    /// Entries of flushers that are gone.
    package func takeAbandoned(idle: Duration, limit: Int, _ cursor: inout Cursor) async throws(RedisError) -> [Entry] {
        let reply = try await redis.send(
            RedisCommand(
                "XAUTOCLAIM", .string(keys.usage), .string(QueueKeys.outboxGroup), .string(consumer),
                .int(idle.milliseconds), .string(cursor.next), "COUNT", .int(limit)))
        guard let parts = reply.array, parts.count >= 2 else { return [] }
        cursor.next = parts[0].string ?? "0-0"
        return (parts[1].array ?? []).compactMap(Entry.init)
    }

    /// Acknowledges and deletes entries whose rows PostgreSQL has committed, in one round trip.
    package func acknowledge(_ entries: [Entry]) async throws(RedisError) {
        guard !entries.isEmpty else { return }
        let ids = entries.map { RedisArgument.string($0.id) }
        let replies = try await redis.pipeline([
            RedisCommand("XACK", [.string(keys.usage), .string(QueueKeys.outboxGroup)] + ids),
            RedisCommand("XDEL", [.string(keys.usage)] + ids),
        ])
        for reply in replies { try reply.throwIfError() }
    }

    /// Puts entries that can never be written among the dead letters, for people to look at.
    package func bury(_ entries: [Entry], reason: String) async throws(RedisError) {
        for entry in entries where !entry.fields.isEmpty {
            var command = RedisCommand(
                "XADD", .string(keys.dead), "MAXLEN", "~", .int(maxDeadLetters), "*", "why", .string(reason), "lane",
                .string(keys.usage))
            for field in entry.fields { command.append(.bytes(field.bytes ?? [])) }
            _ = try await redis.send(command)
        }
        try await acknowledge(entries)
    }

    private func read(from start: RedisArgument, limit: Int, block: Duration?) async throws(RedisError) -> [Entry] {
        var command = RedisCommand(
            "XREADGROUP", "GROUP", .string(QueueKeys.outboxGroup), .string(consumer), "COUNT", .int(limit))
        if let block {
            command.append("BLOCK")
            command.append(.int(max(1, block.milliseconds)))
        }
        for argument in ["STREAMS", .string(keys.usage), start] as [RedisArgument] { command.append(argument) }
        let reply = try await redis.send(command, timeout: (block ?? .zero) + .seconds(5))
        return (reply.array?.first?.array?.last?.array ?? []).compactMap(Entry.init)
    }
}

extension UsageOutbox.Entry {
    /// From `[id, [field, value, …]]`, with null in place of the fields where the entry was deleted.
    fileprivate init?(_ value: RedisValue) {
        guard let pair = value.array, pair.count == 2, let id = pair[0].string else { return nil }
        self.init(id: id, fields: pair[1].array ?? [])
    }
}
