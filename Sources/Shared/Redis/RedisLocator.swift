import NIOCore

/// Finds the server for the next connection.
///
/// Asked before each connection, so that a failover is found out.
///
/// In: the addresses of `REDIS_URL`, what nodes tell of others, which one was good. Out: an address. Sentinels are
/// asked in turn, the one that answered last first. Nodes of a cluster are tried in turn: each knows who owns a slot.
struct RedisLocator {
    /// Of more nodes than a cluster should have (Redis' own recommendation), the first are enough to be told the rest.
    private static let mostKnown = 1000

    private let connector: RedisConnector
    private let eventLoop: any EventLoop
    private var known: [RedisAddress]
    private var turn = 0

    init(_ connector: RedisConnector, on eventLoop: any EventLoop) {
        self.connector = connector
        self.eventLoop = eventLoop
        known = connector.configuration.addresses
    }

    mutating func next() async throws(RedisError) -> RedisAddress {
        switch connector.configuration.topology {
        case .single: return known[0]
        case .sentinel(let sentinel): return try await primary(sentinel)
        case .cluster:
            defer { turn += 1 }
            return known[turn % known.count]
        }
    }

    /// This one was good: it is tried first the next time.
    mutating func prefer(_ address: RedisAddress) {
        turn = 0
        known.removeAll { $0 == address }
        known.insert(address, at: 0)
    }

    mutating func learn(_ nodes: [RedisAddress]) {
        for node in nodes where !known.contains(node) && known.count < Self.mostKnown { known.append(node) }
    }

    /// Asks the node at `address` for all others.
    ///
    /// Nodes that it does not tell are left to the next connection.
    mutating func learn(from address: RedisAddress) async throws(RedisError) {
        let question = connector.greeting + [RedisCommand("CLUSTER", "SLOTS")]
        let replies = try await connector.ask(
            question, of: address, within: connector.configuration.connectTimeout, on: eventLoop)
        if let slots = replies.last { learn(Self.nodes(slots, at: address)) }
    }

    /// All addresses in the reply of `CLUSTER SLOTS`, which came from `current`.
    static func nodes(_ slots: RedisValue, at current: RedisAddress) -> [RedisAddress] {
        (slots.array ?? []).flatMap { range in
            (range.array ?? []).dropFirst(2).compactMap { node -> RedisAddress? in
                guard let node = node.array, node.count >= 2, let port = node[1].int.flatMap({ UInt16(exactly: $0) })
                else { return nil }
                let host = node[0].string ?? ""
                return RedisAddress(host: host.isEmpty || host == "?" ? current.host : host, port: Int(port))
            }
        }
    }

    // MARK: - Sentinels

    private mutating func primary(_ sentinel: RedisSentinel) async throws(RedisError) -> RedisAddress {
        var failure = RedisError(.notConnected, "no sentinel was asked")
        for address in known {
            do throws(RedisError) {
                let primary = try await primary(sentinel, by: address)
                prefer(address)
                return primary
            } catch { failure = error }
        }
        throw failure
    }

    private func primary(_ sentinel: RedisSentinel, by address: RedisAddress) async throws(RedisError) -> RedisAddress {
        var commands: [RedisCommand] = []
        if let password = sentinel.password?.reveal() {
            let user: [RedisArgument] = sentinel.user.map { [.string($0)] } ?? []
            commands.append(RedisCommand("AUTH", user + [.string(password)]))
        }
        commands.append(RedisCommand("SENTINEL", "get-master-addr-by-name", .string(sentinel.service)))
        let replies = try await connector.ask(commands, of: address, within: sentinel.timeout, on: eventLoop)
        guard let pair = replies.last?.array, pair.count == 2, let host = pair[0].string,
            let port = pair[1].int.flatMap({ UInt16(exactly: $0) })
        else { throw RedisError(.notConnected, "the sentinel \(address) knows no service \(sentinel.service)") }
        return RedisAddress(host: host, port: Int(port))
    }
}
