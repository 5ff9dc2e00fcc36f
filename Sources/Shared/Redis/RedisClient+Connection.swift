import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Connects, and connects again.
extension RedisClient {
    /// Connects and reconnects until cancelled or until graceful shutdown.
    package func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await keepConnected()
        } onCancelOrGracefulShutdown: {
            self.close()
        }
    }

    /// Ends the connection for good.
    ///
    /// Waiting callers fail with `notConnected`.
    package func close() {
        let (leaving, waiting) = state.withLock { $0.close() }
        for call in waiting { call.complete(.failure(RedisError(.notConnected, "the client is closed"))) }
        end(leaving)
    }

    /// Gives the connection up, because its server takes no writes any more.
    func dropLink() { end(state.withLock { $0.drop() }) }

    private func end(_ leaving: RedisClientState<RedisLink>.Leaving) {
        if leaving.wasOpen { onStateChange(false) }
        leaving.link?.closeFromAnywhere(because: RedisError(.connectionLost, "the connection was closed"))
    }

    /// Connects to `address` next.
    ///
    /// This connection ends when everything that was sent over it is answered.
    func follow(_ address: RedisAddress) {
        let leaving = state.withLock { $0.follow(address) }
        if leaving.wasOpen { onStateChange(false) }
        if let link = leaving.link { eventLoop.execute { link.retire() } }
    }

    private func lose(_ loss: RedisClientState<RedisLink>.Loss) {
        for call in loss.orphans {
            call.complete(.failure(RedisError(.connectionLost, "the connection to the server was lost")))
        }
        if loss.wasOpen { onStateChange(false) }
    }

    private var isClosed: Bool { state.withLock { $0.isClosed } }

    private func keepConnected() async {
        var locator = RedisLocator(connector, on: eventLoop)
        var history = RedisHistory(configuration)
        while !isClosed {
            do { try await live(&locator, &history) } catch {
                lose(state.withLock { $0.disconnected() })
                if history.goesOn(isTold: state.withLock { $0.isToldWhere }) { continue }
                if !isClosed, history.beginsToComplain() {
                    logger.warning("no connection to Redis, connecting again", metadata: [LogKey.error: "\(error)"])
                }
            }
            guard !isClosed else { break }
            do { try await EventLoopTimer.sleep(for: history.backoff.pause()) } catch { break }
        }
    }

    /// One connection until it ends.
    ///
    /// Throws the reason.
    private func live(_ locator: inout RedisLocator, _ history: inout RedisHistory) async throws -> Never {
        let link = try await establish(&history.lastServer, &locator)
        let start = ContinuousClock.now
        if history.isComplaining { logger.info("Redis is back") }
        history.isComplaining = false
        let end = await link.closed()
        // A server that lets us in and out again, as a replica does, is not to be hammered.
        if ContinuousClock.now - start > configuration.maxBackoff { history.succeeded() }
        throw end
    }

    private func establish(_ lastServer: inout String?, _ locator: inout RedisLocator) async throws -> RedisLink {
        let told = state.withLock { $0.takeTold() }
        let address = if let told { told } else { try await locator.next() }
        let link = RedisLink(eventLoop) { link in
            if let loss = self.state.withLock({ $0.ended(link) }) { self.lose(loss) }
        }
        let maxReplyBytes = configuration.maxReplyBytes
        do {
            link.attach(
                try await connector.connect(to: address, on: eventLoop) { try link.makeHandler(maxReplyBytes) })
            lose(state.withLock { $0.connected(link, at: address) })
            for reply in try await exchange(connector.greeting, timeout: nil, passesGate: true) {
                try reply.throwIfError()
            }
            let session = try await RedisSession(self, previousRunID: lastServer)
            try await check(session, at: address, &locator)
            try await onConnect(session)
            lastServer = session.runID
            openGate(to: link)
        } catch {
            link.closeFromAnywhere(because: RedisError(.connectionLost, "the connection could not be set up"))
            _ = await link.closed()
            throw error
        }
        return link
    }

    private func openGate(to link: RedisLink) {
        guard let wakeups = state.withLock({ $0.open(link) }) else { return }
        wake(wakeups)
        onStateChange(true)
    }
}

/// A client's memory from one connection to the next.
private struct RedisHistory {
    var backoff: RedisBackoff
    /// `run_id` of the last server that was accepted.
    var lastServer: String?
    /// True once the log says that there is no connection.
    var isComplaining = false
    /// Times in a row that a node sent the client on to another.
    private var moves = 0
    /// More moves in a row than this mean that the nodes do not agree, and a pause.
    private static let mostMoves = 4

    init(_ configuration: RedisConfiguration) { backoff = RedisBackoff(configuration) }

    mutating func succeeded() {
        backoff.succeeded()
        moves = 0
    }

    /// A connection has ended: true when the next one follows without a pause, because a node has told where to go.
    mutating func goesOn(isTold: Bool) -> Bool {
        moves = isTold ? moves + 1 : 0
        return (1...Self.mostMoves).contains(moves)
    }

    /// True when the log does not say yet that there is no connection.
    mutating func beginsToComplain() -> Bool {
        defer { isComplaining = true }
        return !isComplaining
    }
}
