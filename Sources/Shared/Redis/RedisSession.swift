/// A connection while `onConnect` runs: what is sent through it goes before everything that waits.
package struct RedisSession: Sendable {
    private let client: RedisClient
    /// Identifies the server process.
    package let runID: String
    /// That of the connection before, or `nil` for the first one.
    package let previousRunID: String?
    package let uptime: Duration
    /// `standalone`, `cluster` or `sentinel`.
    let mode: String
    /// `master` or `slave`, or empty for a sentinel.
    let role: String

    /// True when this is another server process than before: acknowledged writes may be gone.
    package var isNewServer: Bool { previousRunID != nil && previousRunID != runID }

    init(_ client: RedisClient, previousRunID: String?) async throws(RedisError) {
        self.client = client
        self.previousRunID = previousRunID
        let info = try await client.exchange(
            [RedisCommand("INFO", "server"), RedisCommand("INFO", "replication")], timeout: nil, passesGate: true)
        for reply in info { try reply.throwIfError() }
        let fields = RedisInfo(info[0].string ?? "")
        guard let runID = fields["run_id"] else {
            throw RedisError(.protocolViolation, "INFO names no run_id")
        }
        self.runID = runID
        mode = fields["redis_mode"] ?? "standalone"
        role = RedisInfo(info[1].string ?? "")["role"] ?? ""
        uptime = .seconds(Int(fields["uptime_in_seconds"] ?? "") ?? 0)
    }

    package func send(_ command: RedisCommand) async throws(RedisError) -> RedisValue {
        let reply = try await pipeline([command])[0]
        try reply.throwIfError()
        return reply
    }

    package func pipeline(_ commands: [RedisCommand]) async throws(RedisError) -> [RedisValue] {
        try await client.exchange(commands, timeout: nil, passesGate: true)
    }
}

/// The `name:value` lines of `INFO`.
package struct RedisInfo: Sendable {
    private let fields: [Substring: Substring]

    package init(_ text: String) {
        var fields: [Substring: Substring] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { fields[parts[0]] = parts[1] }
        }
        self.fields = fields
    }

    package subscript(name: String) -> String? { fields[name[...]].map(String.init) }
}
