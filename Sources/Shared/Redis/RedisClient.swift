package import Logging
package import NIOCore
import ServiceLifecycle
import Synchronization

/// One connection to Redis that heals itself.
///
/// `run()` must run for as long as it is used.
///
/// In: commands from any task. Out: their replies, matched in order. Commands of all callers within one turn of the
/// event loop share one write. While there is no connection, callers wait up to their command's time. After a reconnect
/// `onConnect` runs first, with a session that passes the gate. Then the waiting commands are sent.
///
/// Use separate clients for blocking reads: a blocked connection makes everybody behind it wait.
///
/// With sentinels it is at the primary, after each reconnect too. In a cluster it is at the node that has `home`'s
/// slot, and all its commands are for that slot (`RedisClient+Place`).
///
/// What happens to a command or a connection is decided in `RedisClientState`, under a lock, and done here without it.
package final class RedisClient: Service, Sendable {
    let connector: RedisConnector
    /// A key, or the beginning of one with its hash tag.
    let home: String
    let eventLoop: any EventLoop
    let logger: Logger
    let onConnect: @Sendable (RedisSession) async throws -> Void
    let onStateChange: @Sendable (Bool) -> Void
    let state = Mutex(RedisClientState<RedisLink>())

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

    /// The reply to one command.
    ///
    /// An error reply is thrown.
    package func send(_ command: RedisCommand, timeout: Duration? = nil) async throws(RedisError) -> RedisValue {
        let replies = try await pipeline([command], timeout: timeout)
        try replies[0].throwIfError()
        return replies[0]
    }

    /// All replies, in order, error replies as values.
    ///
    /// Throws where the connection could not give all of them.
    package func pipeline(
        _ commands: [RedisCommand], timeout: Duration? = nil
    ) async throws(RedisError) -> [RedisValue] {
        try await exchange(commands, timeout: timeout, passesGate: false)
    }

    func exchange(
        _ commands: [RedisCommand], timeout: Duration?, passesGate: Bool
    ) async throws(RedisError) -> [RedisValue] {
        guard !commands.isEmpty else { return [] }
        let began = ContinuousClock.now
        // A call that names its time may wait inside Redis.
        defer { if timeout == nil, !passesGate { configuration.calls?.record(.now - began) } }
        let deadline = began + (timeout ?? configuration.commandTimeout)
        let replies = try await once(commands, until: deadline, passesGate: passesGate)
        guard configuration.isCluster, !passesGate else { return replies }
        return try await repeated(commands, replies, until: deadline)
    }

    func once(
        _ commands: [RedisCommand], until deadline: ContinuousClock.Instant, passesGate: Bool
    ) async throws(RedisError) -> [RedisValue] {
        let call = RedisCall(expected: commands.count, deadline: deadline)
        let maxPendingBytes = configuration.maxPendingBytes
        wake(
            try state.withLock { state throws(RedisError) in
                try state.add(call, commands, passesGate: passesGate, maxPendingBytes: maxPendingBytes)
            })
        let replies = try await call.wait().get()
        if replies.contains(where: \.isReadOnly) { dropLink() }
        return replies
    }

    // MARK: - Event loop

    /// Accuracy of time-outs: limits are seconds, and a look costs a wake.
    private static var accuracy: Duration { .milliseconds(100) }

    func wake(_ wakeups: RedisClientState<RedisLink>.Wakeups) {
        if let tick = wakeups.tick {
            eventLoop.scheduleTask(in: TimeAmount(max(tick - .now, .zero) + Self.accuracy)) { self.checkDeadlines() }
        }
        if wakeups.flush { eventLoop.execute { self.flush() } }
    }

    /// On the event loop: everything gathered since the last turn in one write.
    private func flush() {
        guard let write = state.withLock({ $0.flush() }) else { return }
        let count = write.bytes.readableBytes
        // Bytes that the server does not read stay in this process: they count until the kernel has them.
        write.link.send(write.bytes, for: write.calls) { self.state.withLock { $0.written(count) } }
    }

    /// On the event loop.
    private func checkDeadlines() {
        let now = ContinuousClock.now
        guard let tick = state.withLock({ $0.tick(now) }) else { return }
        for call in tick.expired {
            call.complete(.failure(RedisError(.notConnected, "no connection to \(configuration) in time")))
        }
        let sent = tick.link?.nextDeadline
        if let sent, sent <= now { tick.link?.close(because: RedisError(.timeout, "no reply in time")) }
        guard let next = [tick.next, sent].compactMap({ $0 }).min() else { return }
        wake(.init(tick: state.withLock { $0.scheduleTick(by: max(next, now)) }))
    }
}
