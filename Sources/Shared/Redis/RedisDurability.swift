/// Judges by its INFO whether a Redis keeps what it has acknowledged (pure).
///
/// Requests, answers and bills that are not booked yet are in Redis only. They are lost at a restart without an
/// append-only file, and when memory is full with an eviction policy.
package struct RedisDurability: Sendable, Equatable {
    /// For people, one sentence each, or empty where everything is as it should be.
    package let warnings: [String]

    /// Their answers together are what `init` reads.
    package static let commands = [RedisCommand("INFO", "memory"), RedisCommand("INFO", "persistence")]
    /// Of the log lines that tell the warnings.
    package static let message = "redis may lose requests, answers and bills"

    package init(_ info: RedisInfo) {
        var warnings: [String] = []
        switch info["aof_enabled"] {
        case "1":
            if info["aof_last_write_status"] == "err" { warnings.append("writing the append-only file failed") }
        case "0": warnings.append("appendonly is off: a restart of Redis loses them; set appendonly yes")
        default: warnings.append("Redis does not say whether appendonly is on")
        }
        if let policy = info["maxmemory_policy"], policy != "noeviction" {
            warnings.append("maxmemory-policy is \(policy): a full memory loses them; set noeviction")
        }
        self.warnings = warnings
    }

    /// Of several servers together: as weak as the weakest.
    package init(_ servers: [RedisDurability]) {
        var all: [String] = []
        for warning in servers.flatMap(\.warnings) where !all.contains(warning) { all.append(warning) }
        warnings = all
    }

    package var isDurable: Bool { warnings.isEmpty }
    /// `nil` where it is durable.
    package var complaint: String? { isDurable ? nil : "redis: " + warnings.joined(separator: "; ") }

    /// Asks a server that may have to be waited for.
    package static func read(
        from redis: RedisClient, timeout: Duration? = nil
    ) async throws(RedisError) -> RedisDurability {
        let replies = try await redis.pipeline(commands, timeout: timeout)
        for reply in replies { try reply.throwIfError() }
        return RedisDurability(RedisInfo(replies))
    }
}

extension RedisInfo {
    /// Of several sections, one answer each.
    package init(_ replies: [RedisValue]) { self.init(replies.compactMap(\.string).joined(separator: "\n")) }

    /// True when queued requests may be evicted: a policy without a limit does nothing yet.
    package var evicts: Bool {
        (self["maxmemory"] ?? "0") != "0" && (self["maxmemory_policy"] ?? "noeviction") != "noeviction"
    }
}
