import Synchronization

/// Keeps the client at the right server, by its role and in a cluster by the slot of `home`.
///
/// A command that a node refuses because the slot is not (or no longer) its own has not run. It is repeated where the
/// node says the slot is, and the connection moves there. While a slot is on its way between two nodes (`ASK`,
/// `TRYAGAIN`) its commands wait for it, each up to its own time.
extension RedisClient {
    /// Pause before a command is repeated whose slot is on its way: far shorter than a slot with a job's keys takes.
    private static let pause = Duration.milliseconds(20)

    /// Throws unless this is the server that the client is for.
    func check(_ session: RedisSession, at address: RedisAddress, _ locator: inout RedisLocator)
        async throws(RedisError)
    {
        switch configuration.topology {
        case .single:
            guard session.mode != "cluster" else {
                throw RedisError(
                    .configuration, "\(address) is a node of a cluster: REDIS_URL is expected as redis+cluster://")
            }
            guard session.mode != "sentinel" else {
                throw RedisError(
                    .configuration, "\(address) is a sentinel: REDIS_URL is expected as redis+sentinel://…/SERVICE")
            }
        case .sentinel:
            guard session.role == "master" else {
                throw RedisError(.notConnected, "\(address) is a replica, the sentinels' news are old")
            }
            return
        case .cluster:
            guard session.mode == "cluster" else {
                throw RedisError(
                    .configuration, "\(address) is no node of a cluster: REDIS_URL is expected as redis://")
            }
            try await settle(session, at: address, &locator)
        }
        locator.prefer(address)
    }

    private func settle(
        _ session: RedisSession, at address: RedisAddress, _ locator: inout RedisLocator
    ) async throws(RedisError) {
        let home = RedisCommand("EXISTS", .string(self.home))
        let replies = try await session.pipeline([
            RedisCommand("CLUSTER", "SLOTS"), home, RedisCommand("CLUSTER", "KEYSLOT", .string(self.home)),
        ])
        locator.learn(RedisLocator.nodes(replies[0], at: address))
        let slot = replies[2].int.map(Int.init)
        state.withLock { $0.slot = slot }
        if let moved = RedisRedirect(replies[1], from: address) {
            follow(moved.address)
            throw RedisError(reply: "MOVED")
        }
        // The slot may be on its way here or away. Its commands then wait, so this is no reason to leave.
        if replies[1].errorPrefix != "ASK" { try replies[1].throwIfError() }
    }

    /// The replies, once every command that was refused for its place has been repeated.
    ///
    /// When time is up they are as they are.
    func repeated(
        _ commands: [RedisCommand], _ first: [RedisValue], until deadline: ContinuousClock.Instant
    ) async throws(RedisError) -> [RedisValue] {
        var replies = first
        while true {
            var refused = replies.indices.filter { isElsewhere(replies[$0]) }
            if let first = refused.first {
                refused += replies.indices.filter { $0 > first && commands[$0].isWait }
                refused.sort()
            }
            guard !refused.isEmpty, ContinuousClock.now < deadline else { return replies }
            try await move(refused.map { replies[$0] })
            let again = try await once(
                refused.map { commands[$0] }, until: deadline, isRest: refused.count < commands.count)
            for (index, reply) in zip(refused, again) { replies[index] = reply }
        }
    }

    /// A key that is not of `home`'s slot is the caller's mistake: following it would take everybody else along.
    private func isElsewhere(_ reply: RedisValue) -> Bool {
        switch reply.errorPrefix {
        case "MOVED": RedisRedirect(reply, from: address)?.slot == state.withLock { $0.slot }
        case "ASK", "TRYAGAIN": true
        default: false
        }
    }

    private func move(_ refusals: [RedisValue]) async throws(RedisError) {
        let current = address
        if let told = refusals.lazy.compactMap({ RedisRedirect($0, from: current) }).first {
            if told.address != current { return follow(told.address) }
        }
        do { try await EventLoopTimer.sleep(for: Self.pause) } catch {
            throw RedisError(.cancelled, "cancelled while a slot was on its way")
        }
    }

    /// Sends the rest of a pipeline, whose first part may have run even where the rest was not sent.
    private func once(
        _ commands: [RedisCommand], until deadline: ContinuousClock.Instant, isRest: Bool
    ) async throws(RedisError) -> [RedisValue] {
        do throws(RedisError) {
            return try await once(commands, until: deadline, passesGate: false)
        } catch {
            guard isRest, !error.mayHaveRun else { throw error }
            throw RedisError(.connectionLost, error.message)
        }
    }
}

/// `MOVED slot host:port`: where a slot is.
struct RedisRedirect: Equatable {
    let slot: Int
    let address: RedisAddress

    /// `current` is where the reply came from: a node that does not know its own name leaves it out.
    init?(_ reply: RedisValue, from current: RedisAddress?) {
        guard case .error(let text) = reply else { return nil }
        let words = text.split(separator: " ")
        guard words.count == 3, words[0] == "MOVED", let slot = Int(words[1]), let colon = words[2].lastIndex(of: ":"),
            let port = UInt16(words[2][words[2].index(after: colon)...]), port > 0
        else { return nil }
        let host = String(words[2][..<colon])
        guard let name = host.isEmpty || host == "?" ? current?.host : host else { return nil }
        self.slot = slot
        address = RedisAddress(host: name, port: Int(port))
    }
}
