import NIOCore

/// The state of a `RedisClient` (pure): where its connection stands, and which calls have not been sent yet.
///
/// Each event returns what is to be done about it. The client holds a lock while it tells an event, and acts after it
/// has let go: waking an event loop, telling a caller or closing a connection may come back for the same lock.
struct RedisClientState<Link: AnyObject & Sendable>: Sendable {
    /// An established connection, and the server at its other end.
    struct Connection: Sendable {
        let link: Link
        let address: RedisAddress
    }

    /// From `disconnected` by `gated` to `open`, and back when a connection ends, or for good to `closed`.
    private enum Phase {
        case disconnected
        /// Only commands of a session pass: the greeting, and what `onConnect` sends.
        ///
        /// Also a connection that was given up and has not ended yet.
        case gated(Connection)
        case open(Connection)
        /// The last connection may still be about to end.
        case closed(Connection?)
    }

    private var phase = Phase.disconnected
    /// The slot of the client's `home` in a cluster, once a node has told it.
    var slot: Int?
    /// The server to connect to next, as a node of the cluster has told.
    private var told: RedisAddress?
    /// Sent when the gate opens.
    private var waiting: [(call: RedisCall, bytes: ByteBuffer)] = []
    /// Written by the next flush.
    private var outbox = ByteBuffer()
    private var outboxCalls: [RedisCall] = []
    /// Bytes in `waiting`, in `outbox` and on their way to the kernel.
    private(set) var pendingBytes = 0
    private var isFlushScheduled = false
    /// When the deadlines of the calls are looked at next.
    private var nextTick: ContinuousClock.Instant?

    var isOpen: Bool { if case .open = phase { true } else { false } }
    var isClosed: Bool { if case .closed = phase { true } else { false } }
    var isToldWhere: Bool { told != nil }
    var address: RedisAddress? { connection?.address }

    private var connection: Connection? {
        switch phase {
        case .disconnected: nil
        case .gated(let connection), .open(let connection): connection
        case .closed(let connection): connection
        }
    }
}

// MARK: - Commands

extension RedisClientState {
    /// The event loop is to be woken for these.
    struct Wakeups: Equatable {
        var flush = false
        /// To look at deadlines.
        var tick: ContinuousClock.Instant?
    }

    /// Takes a call: it is written by the next flush, or waits for the gate to open.
    mutating func add(
        _ call: RedisCall, _ commands: [RedisCommand], passesGate: Bool, maxPendingBytes: Int
    ) throws(RedisError) -> Wakeups {
        if isClosed { throw RedisError(.notConnected, "the client is closed") }
        guard pendingBytes <= maxPendingBytes else {
            throw RedisError(.overloaded, "\(pendingBytes) bytes are waiting to be sent")
        }
        var wakeups = Wakeups()
        if isOpen || (passesGate && connection != nil) {
            let before = outbox.readableBytes
            for command in commands { command.write(to: &outbox) }
            pendingBytes += outbox.readableBytes - before
            outboxCalls.append(call)
            wakeups.flush = scheduleFlush()
        } else if passesGate {
            throw RedisError(.connectionLost, "the connection to the server was lost")
        } else {
            var bytes = ByteBuffer()
            for command in commands { command.write(to: &bytes) }
            pendingBytes += bytes.readableBytes
            waiting.append((call, bytes))
        }
        wakeups.tick = scheduleTick(by: call.deadline)
        return wakeups
    }

    /// Everything gathered since the last flush, to be sent over `link` in one write.
    struct Write: Sendable {
        let link: Link
        let bytes: ByteBuffer
        let calls: [RedisCall]
    }

    mutating func flush() -> Write? {
        isFlushScheduled = false
        guard let connection, !outboxCalls.isEmpty else { return nil }
        defer {
            outbox = ByteBuffer()
            outboxCalls = []
        }
        return Write(link: connection.link, bytes: outbox, calls: outboxCalls)
    }

    /// These bytes are with the kernel, or given up: they do not count as pending any more.
    mutating func written(_ bytes: Int) { pendingBytes -= bytes }

    struct Tick: Sendable {
        /// Its calls may have expired too.
        let link: Link?
        /// Calls that waited for a connection until their time was over.
        let expired: [RedisCall]
        /// The first deadline of those that are in no write yet.
        let next: ContinuousClock.Instant?
    }

    /// `nil` where an earlier tick was scheduled after this one, and has looked.
    mutating func tick(_ now: ContinuousClock.Instant) -> Tick? {
        guard let due = nextTick, due <= now else { return nil }
        nextTick = nil
        let expired = waiting.filter { $0.call.deadline <= now || $0.call.isOver }
        waiting.removeAll { $0.call.deadline <= now || $0.call.isOver }
        pendingBytes -= expired.reduce(0) { $0 + $1.bytes.readableBytes }
        let next = (waiting.map(\.call) + outboxCalls).map(\.deadline).min()
        return Tick(link: connection?.link, expired: expired.map(\.call), next: next)
    }

    /// The time for which the caller is to schedule a tick, or `nil` where one comes soon enough.
    mutating func scheduleTick(by deadline: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        if let nextTick, nextTick <= deadline { return nil }
        nextTick = deadline
        return deadline
    }

    private mutating func scheduleFlush() -> Bool {
        defer { isFlushScheduled = true }
        return !isFlushScheduled
    }
}

// MARK: - Connection

extension RedisClientState {
    /// The connection is gone, or replaced by another.
    struct Loss: Sendable {
        /// Calls that were in no write yet.
        let orphans: [RedisCall]
        let wasOpen: Bool
    }

    /// A connection is established.
    ///
    /// Only what `onConnect` sends passes until `open`.
    mutating func connected(_ link: Link, at address: RedisAddress) -> Loss { replace(with: (link, address)) }

    /// There is no connection any more.
    mutating func disconnected() -> Loss { replace(with: nil) }

    /// `link` has ended: nothing is lost where another one has taken its place.
    mutating func ended(_ link: Link) -> Loss? { connection?.link === link ? disconnected() : nil }

    private mutating func replace(with next: (link: Link, address: RedisAddress)?) -> Loss {
        let loss = Loss(orphans: outboxCalls, wasOpen: isOpen)
        let connection = next.map { Connection(link: $0.link, address: $0.address) }
        phase = isClosed ? .closed(connection) : connection.map { .gated($0) } ?? .disconnected
        pendingBytes -= outbox.readableBytes
        outbox = ByteBuffer()
        outboxCalls = []
        return loss
    }

    /// The gate opens, unless the connection ended while `onConnect` ran: then its calls go on waiting.
    ///
    /// `nil` where it stays closed.
    mutating func open(_ link: Link) -> Wakeups? {
        guard case .gated(let connection) = phase, connection.link === link else { return nil }
        phase = .open(connection)
        for (call, bytes) in waiting {
            // Its caller was cancelled before anything was sent.
            guard !call.isOver else {
                pendingBytes -= bytes.readableBytes
                continue
            }
            outbox.writeImmutableBuffer(bytes)
            outboxCalls.append(call)
        }
        waiting = []
        return Wakeups(flush: scheduleFlush())
    }

    /// A connection that is to be closed, or to be left once it has answered.
    struct Leaving: Sendable {
        var link: Link?
        var wasOpen = false
    }

    /// The connection is given up: the gate closes, and whoever comes waits for the next one.
    mutating func drop() -> Leaving {
        guard case .open(let open) = phase else { return Leaving(link: connection?.link) }
        phase = .gated(open)
        return Leaving(link: open.link, wasOpen: true)
    }

    /// The next connection goes to `address`.
    ///
    /// Nothing happens where this one does already.
    mutating func follow(_ address: RedisAddress) -> Leaving {
        guard self.address != address else { return Leaving() }
        told = address
        return drop()
    }

    /// The server that a node of the cluster has told, forgotten once it is asked for.
    mutating func takeTold() -> RedisAddress? {
        defer { told = nil }
        return told
    }

    /// Closes for good.
    ///
    /// Returns the calls that waited for a connection, too.
    mutating func close() -> (leaving: Leaving, waiting: [RedisCall]) {
        let leaving = drop()
        phase = .closed(connection)
        defer { waiting = [] }
        return (leaving, waiting.map(\.call))
    }
}
