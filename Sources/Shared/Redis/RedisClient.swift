package import Logging
package import NIOCore
import ServiceLifecycle
import Synchronization

/// One connection to Redis that heals itself; `run()` must run for as long as it is used.
///
/// In: commands from any task. Out: their replies, matched in order. Commands of all callers within one turn of the event
/// loop share one write. While there is no connection, callers wait up to their command's time. After a reconnect
/// `onConnect` runs first, with a session that passes the gate; then the waiting commands are sent.
/// Use separate clients for blocking reads: a blocked connection makes everybody behind it wait.
/// With sentinels it is at the primary, after each reconnect too. In a cluster it is at the node that has `home`'s slot, and
/// all its commands are for that slot (`RedisClient+Place`).
package final class RedisClient: Service, Sendable {
    struct State {
        var link: Link?
        /// Where `link` goes.
        var address: RedisAddress?
        /// The slot of `home`, once a node has told.
        var slot: Int?
        /// Where the next one goes, as a node of the cluster has told.
        var told: RedisAddress?
        var isOpen = false
        var isClosed = false
        /// Written when the gate opens; `outbox` is what the next flush writes.
        var waiting: [(RedisCall, ByteBuffer)] = []
        var outbox = ByteBuffer()
        var outboxCalls: [RedisCall] = []
        var isFlushScheduled = false
        var isTickScheduled = false
        var pendingBytes = 0
    }

    private let connector: RedisConnector
    /// A key, or the beginning of one with its hash tag.
    let home: String
    private let eventLoop: any EventLoop
    private let logger: Logger
    private let onConnect: @Sendable (RedisSession) async throws -> Void
    private let onStateChange: @Sendable (Bool) -> Void
    let state = Mutex(State())

    /// `home` only matters in a cluster.
    package init(
        _ configuration: RedisConfiguration, name: String, home: String = "", group: any EventLoopGroup,
        logger: Logger,
        onConnect: @escaping @Sendable (RedisSession) async throws -> Void = { _ in },
        onStateChange: @escaping @Sendable (Bool) -> Void = { _ in }
    ) {
        connector = RedisConnector(configuration: configuration, name: name)
        self.home = home
        eventLoop = group.next()
        self.logger = logger
        self.onConnect = onConnect
        self.onStateChange = onStateChange
    }

    package var configuration: RedisConfiguration { connector.configuration }
    package var isConnected: Bool { state.withLock { $0.isOpen } }
    var address: RedisAddress? { state.withLock { $0.address } }

    // MARK: - Commands

    /// The reply; an error reply is thrown.
    package func send(_ command: RedisCommand, timeout: Duration? = nil) async throws(RedisError) -> RedisValue {
        let replies = try await pipeline([command], timeout: timeout)
        try replies[0].throwIfError()
        return replies[0]
    }

    /// All replies, in order; error replies stay values; throws where the connection could not give all of them.
    package func pipeline(
        _ commands: [RedisCommand], timeout: Duration? = nil
    ) async throws(RedisError) -> [RedisValue] {
        try await exchange(commands, timeout: timeout, passesGate: false)
    }

    func exchange(
        _ commands: [RedisCommand], timeout: Duration?, passesGate: Bool
    ) async throws(RedisError) -> [RedisValue] {
        guard !commands.isEmpty else { return [] }
        let deadline = ContinuousClock.now + (timeout ?? configuration.commandTimeout)
        let replies = try await once(commands, until: deadline, passesGate: passesGate)
        guard configuration.isCluster, !passesGate else { return replies }
        return try await repeated(commands, replies, until: deadline)
    }

    func once(
        _ commands: [RedisCommand], until deadline: ContinuousClock.Instant, passesGate: Bool
    ) async throws(RedisError) -> [RedisValue] {
        let call = RedisCall(expected: commands.count, deadline: deadline)
        try enqueue(call, commands, passesGate: passesGate)
        let replies = try await call.wait().get()
        if replies.contains(where: { $0.errorPrefix == "READONLY" }) { dropLink() }
        return replies
    }

    private func enqueue(_ call: RedisCall, _ commands: [RedisCommand], passesGate: Bool) throws(RedisError) {
        let next = state.withLock { state -> Result<Bool, RedisError> in
            if state.isClosed { return .failure(RedisError(.notConnected, "the client is closed")) }
            guard state.pendingBytes <= configuration.maxPendingBytes else {
                return .failure(RedisError(.overloaded, "\(state.pendingBytes) bytes are waiting to be sent"))
            }
            var isFirst = false
            if state.isOpen || (passesGate && state.link != nil) {
                let before = state.outbox.readableBytes
                for command in commands { command.write(to: &state.outbox) }
                state.pendingBytes += state.outbox.readableBytes - before
                state.outboxCalls.append(call)
                isFirst = mustFlush(&state)
            } else if passesGate {
                return .failure(RedisError(.connectionLost, "the connection to the server was lost"))
            } else {
                var buffer = ByteBuffer()
                for command in commands { command.write(to: &buffer) }
                state.pendingBytes += buffer.readableBytes
                state.waiting.append((call, buffer))
            }
            scheduleTick(&state)
            return .success(isFirst)
        }
        // Outside the lock: this wakes the event loop, which takes it at once.
        if try next.get() { eventLoop.execute { self.flush() } }
    }

    /// Whether the caller is to have it flushed, once it has let go of the lock.
    private func mustFlush(_ state: inout State) -> Bool {
        defer { state.isFlushScheduled = true }
        return !state.isFlushScheduled
    }

    /// On the event loop: everything gathered since the last turn in one write.
    private func flush() {
        let work = state.withLock { state -> (Link, ByteBuffer, [RedisCall])? in
            state.isFlushScheduled = false
            guard let link = state.link, !state.outboxCalls.isEmpty else { return nil }
            defer {
                state.outbox = ByteBuffer()
                state.outboxCalls = []
            }
            return (link, state.outbox, state.outboxCalls)
        }
        guard let (link, bytes, calls) = work else { return }
        let count = bytes.readableBytes
        // A server that does not read leaves them in this process: they count until the kernel has them.
        link.send(bytes, for: calls) { self.state.withLock { $0.pendingBytes -= count } }
    }

    // MARK: - Time

    /// How exactly time-outs are kept: a tenth of a second is enough for limits of seconds, and costs nothing while idle.
    private static let tick = TimeAmount.milliseconds(100)

    private func scheduleTick(_ state: inout State) {
        guard !state.isTickScheduled else { return }
        state.isTickScheduled = true
        eventLoop.scheduleTask(in: Self.tick) { self.checkDeadlines() }
    }

    /// On the event loop.
    private func checkDeadlines() {
        let now = ContinuousClock.now
        let (link, expired) = state.withLock { state in
            state.isTickScheduled = false
            let expired = state.waiting.filter { $0.0.deadline <= now || $0.0.isOver }
            state.waiting.removeAll { $0.0.deadline <= now || $0.0.isOver }
            state.pendingBytes -= expired.reduce(0) { $0 + $1.1.readableBytes }
            if !state.waiting.isEmpty || state.link != nil && !state.outboxCalls.isEmpty { scheduleTick(&state) }
            return (state.link, expired)
        }
        for (call, _) in expired {
            call.complete(.failure(RedisError(.notConnected, "no connection to \(configuration) in time")))
        }
        guard let link, link.hasPending else { return }
        if link.hasExpired(now) {
            link.close(because: RedisError(.timeout, "no reply in time"))
        } else {
            state.withLock { scheduleTick(&$0) }
        }
    }

    // MARK: - Connection

    /// Connects and reconnects until cancelled or until graceful shutdown.
    package func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await keepConnected()
        } onCancelOrGracefulShutdown: {
            self.close()
        }
    }

    /// Ends the connection for good; waiting callers fail with `notConnected`.
    package func close() {
        let waiting = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for (call, _) in waiting { call.complete(.failure(RedisError(.notConnected, "the client is closed"))) }
        dropLink()
    }

    private func dropLink() {
        let (link, wasOpen) = state.withLock { state in
            defer { state.isOpen = false }
            return (state.link, state.isOpen)
        }
        if wasOpen { onStateChange(false) }
        guard let link else { return }
        eventLoop.execute { link.close(because: RedisError(.connectionLost, "the connection was closed")) }
    }

    /// The next connection goes to `address`; this one ends when what was sent over it is answered.
    func follow(_ address: RedisAddress) {
        let (link, wasOpen) = state.withLock { state in
            guard state.address != address else { return (nil as Link?, false) }
            state.told = address
            defer { state.isOpen = false }
            return (state.link, state.isOpen)
        }
        if wasOpen { onStateChange(false) }
        if let link { eventLoop.execute { link.retire() } }
    }

    /// How often in a row nodes may send the client on before it pauses; more means that they do not agree.
    private static let mostMoves = 4

    private func keepConnected() async {
        var locator = RedisLocator(connector, on: eventLoop)
        var moves = 0
        var backoff = RedisBackoff(configuration)
        var lastServer: String?
        var isComplaining = false
        while !state.withLock({ $0.isClosed }) {
            do {
                let link = try await establish(&lastServer, &locator)
                let start = ContinuousClock.now
                if isComplaining { logger.info("Redis is back") }
                isComplaining = false
                let end = await link.closed()
                // A server that lets us in and out again, as a replica does, is not to be hammered.
                if ContinuousClock.now - start > configuration.maxBackoff {
                    backoff.succeeded()
                    moves = 0
                }
                throw end
            } catch {
                setLink(nil)
                moves = state.withLock { $0.told == nil } ? 0 : moves + 1
                if (1...Self.mostMoves).contains(moves) { continue }
                if !isComplaining, !state.withLock({ $0.isClosed }) {
                    logger.warning("no connection to Redis, connecting again", metadata: ["error": "\(error)"])
                    isComplaining = true
                }
            }
            guard !state.withLock({ $0.isClosed }) else { break }
            do { try await Task.sleep(for: backoff.pause()) } catch { break }
        }
    }

    private func establish(_ lastServer: inout String?, _ locator: inout RedisLocator) async throws -> Link {
        let told = state.withLock { state in
            defer { state.told = nil }
            return state.told
        }
        let address = if let told { told } else { try await locator.next() }
        let link = Link(eventLoop) { self.forget($0) }
        let maxReplyBytes = configuration.maxReplyBytes
        do {
            link.attach(
                try await connector.connect(to: address, on: eventLoop) { try link.makeHandler(maxReplyBytes) })
            setLink(link, at: address)
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

    private func forget(_ link: Link) {
        if state.withLock({ $0.link === link }) { setLink(nil) }
    }

    private func setLink(_ link: Link?, at address: RedisAddress? = nil) {
        let (orphans, wasOpen) = state.withLock { state in
            defer {
                state.link = link
                state.address = address
                state.isOpen = false
                state.pendingBytes -= state.outbox.readableBytes
                state.outbox = ByteBuffer()
                state.outboxCalls = []
            }
            return (state.outboxCalls, state.isOpen)
        }
        for call in orphans {
            call.complete(.failure(RedisError(.connectionLost, "the connection to the server was lost")))
        }
        if wasOpen { onStateChange(false) }
    }

    /// Sends what has waited, unless the connection ended while `onConnect` ran: then it goes on waiting.
    private func openGate(to link: Link) {
        let isOpen = state.withLock { state in
            guard state.link === link else { return false }
            state.isOpen = true
            for (call, buffer) in state.waiting {
                // Its caller was cancelled before anything was sent.
                guard !call.isOver else {
                    state.pendingBytes -= buffer.readableBytes
                    continue
                }
                state.outbox.writeImmutableBuffer(buffer)
                state.outboxCalls.append(call)
            }
            state.waiting = []
            return true
        }
        guard isOpen else { return }
        if state.withLock({ mustFlush(&$0) }) { eventLoop.execute { self.flush() } }
        onStateChange(true)
    }
}
