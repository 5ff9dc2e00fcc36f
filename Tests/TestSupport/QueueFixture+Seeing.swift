import Logging
import NIOPosix
package import Shared
import Synchronization

/// Readings of a queue for tests: its streams, its bills, its messages.
extension QueueFixture {
    /// All payloads that were published to a shim while `body` ran.
    package func messages(
        shim: String, during body: () async throws -> Void
    ) async throws -> [String] {
        try await messages(channel: keys.shimChannel(shim), during: body)
    }

    /// All payloads that were published to a channel while `body` ran, in order.
    package func messages(
        channel: String, during body: () async throws -> Void
    ) async throws -> [String] {
        let last = "last \(UInt64.random(in: .min ... .max))"
        let heard = Mutex<[String]>([])
        let isListening = Mutex(false)
        let subscription = RedisSubscription(
            redis.configuration, channels: [channel], name: "test-listener",
            group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            onMessage: { _, payload in heard.withLock { $0.append(String(decoding: payload, as: UTF8.self)) } },
            onSubscribed: { isListening.withLock { $0 = true } })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await subscription.run() }
            try await eventually("the listener has subscribed") { isListening.withLock { $0 } }
            try await body()
            // Redis keeps the order of one channel: whatever was published before this has arrived when this has.
            _ = try await redis.send(RedisCommand("PUBLISH", .string(channel), .string(last)))
            try await eventually("the last message arrives") { heard.withLock { $0.last } == last }
            group.cancelAll()
        }
        return heard.withLock { Array($0.dropLast()) }
    }

    package struct Record: Sendable, Equatable {
        package let id: String
        package let fields: [String: String]
    }

    package func stream(_ key: String) async throws -> [Record] {
        let reply = try await redis.send(RedisCommand("XRANGE", .string(key), "-", "+"))
        return (reply.array ?? []).compactMap { item in
            guard let item = item.array, let id = item[0].string, let flat = item[1].array else { return nil }
            var fields: [String: String] = [:]
            for index in stride(from: 0, to: flat.count, by: 2) {
                fields[flat[index].string ?? ""] = flat[index + 1].string
            }
            return Record(id: id, fields: fields)
        }
    }

    package func logIDs(_ id: String) async throws -> [String] { try await stream(keys.log(id)).map(\.id) }

    /// The rows of the outbox, as `request attempt final|estimated`.
    package func bills() async throws -> [String] {
        try await stream(keys.usage).map {
            "\($0.fields["id"] ?? "") \($0.fields["a"] ?? "") \($0.fields["f"] == "1" ? "final" : "estimated")"
        }
    }

    /// The pending entries of a lane, as `consumer:count`.
    package func pending(_ lane: Lane = .normal) async throws -> [String] {
        let reply = try await redis.send(
            RedisCommand("XPENDING", .string(keys.queue(lane)), .string(QueueKeys.group), "-", "+", "1000"))
        return (reply.array ?? []).compactMap { row in
            row.array.map { "\($0[1].string ?? ""):\($0[3].int ?? 0)" }
        }
    }

    /// Keys that hold an order: all of them are gone when nothing waits.
    package func orderKeys() async throws -> [String] {
        let names = try await redis.send(RedisCommand("KEYS", .string(keys.prefix + "*"))).array?.compactMap(\.string)
        let ordered = Set(Lane.allCases.map { keys.order($0) } + [keys.due, keys.rooms])
        return (names ?? []).filter {
            ordered.contains($0) || ($0.hasPrefix(keys.room("")) && !$0.contains(":flows") && !$0.contains(":state"))
        }
    }

    package func length(_ lane: Lane = .normal) async throws -> Int {
        Int(try await redis.send(RedisCommand("XLEN", .string(keys.queue(lane)))).int ?? -1)
    }

    /// Milliseconds a key has left, -1 without a limit, -2 without the key.
    package func ttl(_ key: String) async throws -> Int64 {
        try await redis.send(RedisCommand("PTTL", .string(key))).int ?? 0
    }

    /// Invariant 5 of the protocol: every key but the queues has a time to live.
    func checkThatAllIsMortal() async throws {
        // Order sets hold only what waits, each member also in `due`, from where it goes at its deadline.
        let ordered = Lane.allCases.map { keys.order($0) } + [keys.due, keys.rooms]
        let lasting = Set(Lane.allCases.map { keys.queue($0) } + [keys.usage, keys.delayed, keys.dead] + ordered)
        func isRoom(_ name: String) -> Bool {
            name.hasPrefix(keys.room("")) && !name.dropFirst(keys.room("").count).contains(":")
        }
        let names = try await redis.send(RedisCommand("KEYS", .string(keys.prefix + "*"))).array?.compactMap(\.string)
        var immortal: [String] = []
        for name in names ?? [] where !lasting.contains(name) && !isRoom(name) {
            if try await ttl(name) == -1 { immortal.append(name) }
        }
        guard immortal.isEmpty else { throw QueueFixtureError.immortal(immortal) }
    }
}
