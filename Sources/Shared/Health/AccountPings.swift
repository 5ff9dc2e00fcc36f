/// Tries accounts on demand: a shim asks, any worker calls the platform and answers.
///
/// - A ping is JSON `{"account", "id", "until"}` (milliseconds since 1970) on the list `pings`.
/// - Its answer is JSON `{"ok", "ms", "error"?: {"kind", "message"}}` on the list `pong:<id>`.
///
/// Both lists expire by themselves. A lost ping is not repeated: the person who asked may ask again.
package struct AccountPings: Sendable {
    /// One account to be tried.
    package struct Ping: Sendable, Equatable {
        package var account: String
        package var id: String
        package var until: Int64
    }

    package let redis: RedisClient
    private let keys: PoolKeys

    private static let keep = Duration.seconds(30)
    private static let pause = Duration.milliseconds(25)

    package init(redis: RedisClient, keys: PoolKeys) {
        self.redis = redis
        self.keys = keys
    }

    // MARK: - Asking

    /// The answer, or `nil` where no worker gave one within `patience`.
    package func ask(
        account: String, patience: Duration, clock: any WallClock = SystemWallClock()
    ) async throws(RedisError) -> JSON? {
        var generator = SystemRandomNumberGenerator()
        let id = String(generator.next(), radix: 36) + String(generator.next(), radix: 36)
        let ping: JSON = [
            "account": .string(account), "id": .string(id),
            "until": .number(JSONNumber(clock.now + patience.milliseconds)),
        ]
        try await push("LPUSH", keys.pings, ping)
        return try await answer(id, until: .now + patience)
    }

    /// Asks Redis again and again: the connection is everybody's and must not block.
    private func answer(_ id: String, until: ContinuousClock.Instant) async throws(RedisError) -> JSON? {
        while true {
            let reply = try await redis.send(RedisCommand("LPOP", .string(keys.pong(id))))
            if let bytes = reply.bytes { return try? JSON(parsing: bytes) }
            guard .now < until else { return nil }
            do { try await EventLoopTimer.sleep(for: Self.pause) } catch { return nil }
        }
    }

    // MARK: - Answering

    /// Waits for the next ping, `block` at most.
    ///
    /// Needs a connection of its own.
    package func next(block: Duration) async throws(RedisError) -> Ping? {
        let reply = try await redis.send(
            RedisCommand("BRPOP", .string(keys.pings), .string("\(Double(block.milliseconds) / 1000)")),
            timeout: block + .seconds(5))
        guard let bytes = reply.array?.last?.bytes, let json = try? JSON(parsing: bytes),
            let account = json["account"]?.stringValue, let id = json["id"]?.stringValue,
            let until = json["until"]?.moment
        else { return nil }
        return Ping(account: account, id: id, until: until)
    }

    package func answer(_ ping: Ping, _ answer: JSON) async throws(RedisError) {
        try await push("RPUSH", keys.pong(ping.id), answer)
    }

    private func push(_ command: String, _ key: String, _ json: JSON) async throws(RedisError) {
        let replies = try await redis.pipeline([
            RedisCommand(command, .string(key), .bytes(json.encoded)),
            RedisCommand("PEXPIRE", .string(key), .int(Self.keep.milliseconds)),
        ])
        for reply in replies { try reply.throwIfError() }
    }
}
