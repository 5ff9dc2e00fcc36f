import Logging
import NIOCore
import ServiceLifecycle
import Shared
import Synchronization

/// Holds all open replies of this process, which one subscription to Redis feeds.
///
/// In: messages of this shim's channel, changes of Redis' connection, callers that come and go. Out: events to the
/// readers (`ReplyLease`), cancels, deletions. A token costs one dictionary lookup, however many callers wait.
///
/// The state is a dictionary behind a lock. Decisions about one reply are in `ReplyState` and `SubscriptionState`. The
/// work that needs Redis runs in `run`, one round a tick (`ReplyHub+Work`), so nothing here starts tasks.
final class ReplyHub: Service, Sendable {
    let shim: String
    let queues: JobQueues
    /// The same over connections of their own, because an answer of many megabytes holds up everything behind it.
    let largeQueues: JobQueues
    let largeReads: LargeReads
    let configuration: Configuration
    let logger: Logger
    let state = Mutex(State())
    private let streams = Atomic<Int>(0)
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    /// By shard: yields when a reply must be followed in its log (`LogFollower`).
    private let follows: [Int: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)]

    struct State {
        var replies: [String: [ReplySubscription]] = [:]
        var count = 0
        /// Requests to cancel, and when.
        var cancels: [String: ContinuousClock.Instant] = [:]
        /// Their deadlines in milliseconds since 1970, where known.
        var cancelledDeadlines: [String: Int64] = [:]
        /// Logs that are not read again.
        var delivered: [String] = []
        /// Shards whose messages may have been lost, so that every log must be looked at.
        var needsSweep: Set<Int> = []
        /// Shards whose Redis came back as another server, and when, because it may have forgotten requests.
        var needsRecovery: [Int: ContinuousClock.Instant] = [:]
        /// This process ends: callers that still wait are sent away then.
        var stopAt: ContinuousClock.Instant?

        /// Somebody reads the request for whom it goes on.
        func isRead(_ id: String) -> Bool { replies[id]?.contains { !$0.isWatcher } ?? false }
    }

    init(
        shim: String, queues: JobQueues, largeQueues: JobQueues? = nil,
        configuration: Configuration = Configuration(), logger: Logger
    ) {
        self.shim = shim
        self.queues = queues
        self.largeQueues = largeQueues ?? queues
        largeReads = LargeReads(limit: configuration.largeBytes)
        self.configuration = configuration
        self.logger = logger
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        follows = Dictionary(
            uniqueKeysWithValues: queues.all.map {
                ($0.keys.shard, AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)))
            })
    }

    var channel: String { queues.all[0].keys.shimChannel(shim) }
    var openCount: Int { state.withLock { $0.count } }

    /// Streams that are being written to callers.
    var openStreams: Int { streams.load(ordering: .relaxed) }
    func streamStarted() { streams.add(1, ordering: .relaxed) }
    func streamEnded() { streams.subtract(1, ordering: .relaxed) }

    // MARK: - Replies

    /// Registers a reader.
    ///
    /// Call it before the request is submitted, or the first token may be missed.
    func subscribe(to id: String, _ options: ReplySubscription.Options) -> ReplySubscription {
        let reply = ReplySubscription(id: id, options, limit: configuration.bufferedBytes)
        state.withLock { state in
            state.replies[id, default: []].append(reply)
            if reply.isCaller { state.count += 1 }
            if !reply.isWatcher { state.cancels[id] = nil }
        }
        return reply
    }

    func unsubscribe(_ reply: ReplySubscription) {
        state.withLock { state in
            guard var readers = state.replies[reply.id], let index = readers.firstIndex(where: { $0 === reply }) else {
                return
            }
            readers.remove(at: index)
            state.replies[reply.id] = readers.isEmpty ? nil : readers
            if reply.isCaller { state.count -= 1 }
        }
    }

    /// A reader is here, or was a moment ago.
    ///
    /// A queued request without a log is known to its own shim only.
    func isKnown(_ id: String) -> Bool {
        state.withLock { $0.replies[id] != nil || $0.cancels[id] != nil }
    }

    /// Cancels a request unless somebody reads it again within `grace`.
    ///
    /// Until `deadline`, in milliseconds since 1970, an entry of it may still wait somewhere.
    func cancel(_ id: String, after grace: Duration = .zero, deadline: Int64? = nil) {
        state.withLock { state in
            guard !state.isRead(id) else { return }
            state.cancels[id] = .now + grace
            state.cancelledDeadlines[id] = deadline
        }
        if grace == .zero { wake.yield() }
    }

    /// Shortens the life of a log because its answer was delivered.
    func delivered(_ id: String) { state.withLock { $0.delivered.append(id) } }

    /// Has the log of a reply followed, because another shim publishes it.
    func follow(_ id: String) { follows[queues[id: id].keys.shard]?.continuation.yield() }
    func follows(of queue: JobQueue) -> AsyncStream<Void>? { follows[queue.keys.shard]?.stream }

    // MARK: - Redis' side

    /// Takes a message of this shim's channel, on the event loop.
    func received(_ payload: ByteBuffer) {
        for message in ReplyMessage.all(in: payload) { received(message) }
    }

    private func received(_ message: ReplyMessage) {
        if message.body == .resumed {
            state.withLock { $0.cancels[message.request] = nil }
            return
        }
        guard let readers = state.withLock({ $0.replies[message.request] }) else { return }
        for reader in readers { reader.received(message) }
    }

    /// The subscription stands (again).
    ///
    /// Everything that was published meanwhile is lost.
    func subscribed() {
        state.withLock { $0.needsSweep = Set(queues.all.map(\.keys.shard)) }
        wake.yield()
    }

    /// The Redis of a shard came back with another `run_id`.
    func serverChanged(shard: Int) {
        state.withLock { state in
            state.needsRecovery[shard] = .now
            state.needsSweep.insert(shard)
        }
        wake.yield()
    }

    // MARK: - Running

    /// This process ends, and callers that still wait after `patience` are told so.
    func drain(for patience: Duration) { state.withLock { $0.stopAt = .now + patience } }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.ticks() }
                for await _ in self.wakes { await self.work() }
                group.cancelAll()
            }
        }
        await lastWork()
    }

    private func ticks() async {
        for await _ in every(configuration.tick, after: configuration.tick) {
            tick(now: .now)
            wake.yield()
        }
    }

    /// Ends the waits that are over.
    ///
    /// It stands apart from `work`, which waits for Redis while Redis is away.
    private func tick(now: ContinuousClock.Instant) {
        let isStopping = state.withLock { $0.stopAt.map { now >= $0 } ?? false }
        for reply in allReplies {
            if isStopping { reply.stop() } else { reply.tick(now: now, ping: configuration.ping) }
        }
    }
}
