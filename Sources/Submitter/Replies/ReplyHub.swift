import Logging
import NIOCore
import ServiceLifecycle
import Shared
import Synchronization

/// All open replies of this process, fed by one subscription; the heart of the shim.
///
/// In: messages of this shim's channel, what Redis' connection tells, callers that come and go. Out: events to the readers
/// (`ReplyLease`), cancels, deletions. The cost of a token does not depend on how many callers wait: one dictionary lookup.
/// The state is a dictionary behind a lock; decisions about one reply are in `ReplyState`. The work that needs Redis runs
/// in `run`, one round a tick (`ReplyHub+Work`), so nothing here starts tasks.
final class ReplyHub: Service, Sendable {
    struct Configuration: Sendable {
        /// How often deadlines, pings and sweeps are looked at.
        var tick = Duration.seconds(1)
        /// A reply without a message for this long has its log looked at (a lost last message shows no hole; QUEUE.md: 3 s).
        var silence = Duration.seconds(3)
        /// Bytes that wait for one slow reader before it is sent to the log (QUEUE.md: 256 KB).
        var bufferedBytes = 256 * 1024
        /// Comments that keep proxies from closing a silent stream; most close after 30 to 60 s.
        var ping = Duration.seconds(15)
        /// How long the caller of a stream may come back before its request is cancelled: of any, and of one that can resume it.
        var cancelGrace = Duration.zero
        var resumeGrace = Duration.seconds(5)
        /// Records read from a log at once.
        var page = 64
        /// A stream that has waited for this long hears where it stands; before that, it would mostly hear nothing of use.
        var placePatience = Duration.seconds(1)
        /// How often it hears of changes.
        var placePause = Duration.seconds(3)
        /// A stream that has waited for this long hears that no worker is alive.
        var workerPatience = Duration.seconds(2)
        /// Bytes of answers above `QueueScripts.largestMessage` that are held for callers at once.
        var largeBytes = 256 << 20
        /// Logs and places looked at in one round trip.
        var sweepBatch = 500
    }

    let shim: String
    let queues: JobQueues
    /// The same over connections of their own: an answer of many megabytes holds up everything behind it.
    let largeQueues: JobQueues
    let largeReads: LargeReads
    let configuration: Configuration
    let logger: Logger
    let state = Mutex(State())
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    /// By shard: yields when a reply must be followed in its log (`LogFollower`).
    private let follows: [Int: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)]

    struct State {
        var replies: [String: [ReplySubscription]] = [:]
        var count = 0
        /// Requests to cancel, with the time from which on.
        var cancels: [String: ContinuousClock.Instant] = [:]
        /// When they end by themselves, in milliseconds since 1970, where that is known.
        var cancelledDeadlines: [String: Int64] = [:]
        /// Logs nobody will read again.
        var forgotten: [String] = []
        /// Shards of which messages may have been lost: look at every log.
        var needsSweep: Set<Int> = []
        /// Shards whose Redis came back as another server, and when: look for requests it has forgotten.
        var needsRecovery: [Int: ContinuousClock.Instant] = [:]
        /// When callers that still wait are sent away, because this process ends.
        var stopAt: ContinuousClock.Instant?
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

    // MARK: - Replies

    /// Registers a reader; before the request is submitted, or the first token may be missed.
    func open(_ id: String, _ options: ReplySubscription.Options) -> ReplySubscription {
        let reply = ReplySubscription(id: id, options, limit: configuration.bufferedBytes)
        state.withLock { state in
            state.replies[id, default: []].append(reply)
            state.count += 1
            state.cancels[id] = nil
        }
        return reply
    }

    func close(_ reply: ReplySubscription) {
        state.withLock { state in
            guard var readers = state.replies[reply.id], let index = readers.firstIndex(where: { $0 === reply }) else {
                return
            }
            readers.remove(at: index)
            state.replies[reply.id] = readers.isEmpty ? nil : readers
            state.count -= 1
        }
    }

    /// Whether a reader is or was here a moment ago; a queued request without a log is known to its own shim only.
    func isKnown(_ id: String) -> Bool {
        state.withLock { $0.replies[id] != nil || $0.cancels[id] != nil }
    }

    /// Cancels a request unless somebody reads it again within `grace`.
    ///
    /// `deadline`, in milliseconds since 1970, says how long an entry of it may still wait somewhere.
    func cancel(_ id: String, after grace: Duration = .zero, deadline: Int64? = nil) {
        state.withLock { state in
            guard state.replies[id] == nil else { return }
            state.cancels[id] = .now + grace
            state.cancelledDeadlines[id] = deadline
        }
        if grace == .zero { wake.yield() }
    }

    /// Shortens the life of a log whose answer was delivered.
    func forget(_ id: String) { state.withLock { $0.forgotten.append(id) } }

    /// A reply turned out to belong to another shim.
    func follow(_ id: String) { follows[queues[id: id].keys.shard]?.continuation.yield() }
    func follows(of queue: JobQueue) -> AsyncStream<Void>? { follows[queue.keys.shard]?.stream }

    // MARK: - What Redis tells

    /// A message of this shim's channel; called on the event loop.
    func received(_ payload: ByteBuffer) {
        guard let message = ReplyMessage(payload) else { return }
        if message.body == .resumed {
            state.withLock { $0.cancels[message.request] = nil }
            return
        }
        guard let readers = state.withLock({ $0.replies[message.request] }) else { return }
        for reader in readers { reader.received(message) }
    }

    /// The subscription stands (again): whatever was published meanwhile is lost.
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

    /// This process ends: whoever still waits after `patience` is told so.
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
        while !Task.isCancelled {
            do { try await Task.sleep(for: configuration.tick) } catch { return }
            tick(now: .now)
            wake.yield()
        }
    }

    /// The waits that are over; apart from `work`, which waits for Redis where Redis is away.
    private func tick(now: ContinuousClock.Instant) {
        let isStopping = state.withLock { $0.stopAt.map { now >= $0 } ?? false }
        for reply in allReplies {
            if isStopping { reply.stop() } else { reply.tick(now: now, ping: configuration.ping) }
        }
    }
}
