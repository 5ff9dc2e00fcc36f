import NIOCore
import Shared

/// One caller's subscription to the reply of a request: the hub puts messages in, one reader takes events out.
///
/// `SubscriptionState` decides, and `WatchedState` joins it with the one waiting reader.
final class ReplySubscription: Sendable {
    enum Batch: Sendable {
        case events([ReplyEvent])
        /// Nothing came for the ping interval.
        case silence
        /// Nothing came yet, because the request waits for its turn, or for a worker.
        case waiting(WaitingNotice)
        /// The longest wait is over.
        case expired
        /// The log is gone before its end was read: there is nothing to wait for.
        case forgotten
        /// The caller closed its connection.
        case gone
        /// This process ends before the answer came.
        case stopped
    }

    enum Step {
        case batch(Batch)
        case readLog(after: RequestLogID)
        case wait
    }

    struct Options {
        var after = RequestLogID.beginning
        var wantsDeltas = true
        var startsFromLog = false
        /// When the reader gives up.
        var expires: ContinuousClock.Instant
        /// `nil` for readers of a request that somebody else submitted.
        var resubmission: Resubmission?
        /// It counts as an open request of this process.
        ///
        /// Lines of a batch do not: they have bounds of their own, and must not keep callers out.
        var isCaller = true
        /// It reads along: the request does not go on for it, and does not end when it leaves.
        var isWatcher = false
    }

    let id: String
    /// Submits the request again if Redis forgets it.
    let resubmission: Resubmission?
    let isCaller: Bool
    let isWatcher: Bool
    let opened = ContinuousClock.now
    private let expires: ContinuousClock.Instant
    private let state: WatchedState<SubscriptionState>

    init(id: String, _ options: Options, limit: Int) {
        self.id = id
        resubmission = options.resubmission
        isCaller = options.isCaller
        isWatcher = options.isWatcher
        expires = options.expires
        let reply = ReplyState(
            after: options.after, limit: limit, wantsDeltas: options.wantsDeltas, startsFromLog: options.startsFromLog)
        state = WatchedState(SubscriptionState(reply: reply, isReaderOnly: options.resubmission == nil))
    }

    // MARK: - The hub's side

    func received(_ message: ReplyMessage) { state.change { $0.received(message) } }

    func swept(top: RequestLogTop?) { state.change { $0.swept(top: top) } }

    /// Has a ping written at once, which shows whether the caller is still there.
    func probe() { signal(\.isSilent) }

    func callerLeft() { signal(\.isGone) }

    /// This process ends before the answer came.
    func stop() { signal(\.isStopped) }

    /// Ends the waits that are over, once a second.
    func tick(now: ContinuousClock.Instant, ping: Duration) {
        state.change { $0.tick(now: now, expires: expires, ping: ping) }
    }

    /// `nil` where the request does not wait, or is not in order yet.
    func placed(at place: QueuePlace?, now: ContinuousClock.Instant) {
        state.withLock { $0.placed = now }
        if let place { notify(.place(place)) }
    }

    func notify(_ notice: WaitingNotice) { state.change { $0.notify(notice) } }

    /// A record of this size was found in the log.
    func note(_ top: RequestLogTop) { state.withLock { $0.reply.note(top.id, top.bytes) } }

    func accepted(entry: String?) { state.withLock { $0.submission = .accepted(entry: entry) } }

    func repeated() { state.withLock { $0.wasRepeated = true } }

    private func signal(_ flag: WritableKeyPath<SubscriptionState, Bool>) {
        state.change { subscription in
            subscription[keyPath: flag] = true
            return true
        }
    }

    // MARK: - The reader's side

    func step() -> Step { state.withLock { $0.step() } }

    /// Returns when `step` may have something else to say than `wait`.
    func wait() async {
        await withTaskCancellationHandler {
            await state.wait(unless: { $0.isReady })
        } onCancel: {
            stop()
        }
    }

    /// `ownChannel` is where this process listens.
    ///
    /// Returns true when the log must be followed from now on.
    func read(_ entries: [RequestLogEntry], isWhole: Bool, ownChannel: String) -> Bool {
        state.withLock { $0.read(entries, isWhole: isWhole, ownChannel: ownChannel) }
    }

    func readFailed() { state.withLock { $0.isReadPaused = true } }

    /// A consistent look at the state, for `ReplySubscription+Queries`.
    func look<Value: Sendable>(_ read: (SubscriptionState) -> Value) -> Value { state.withLock { read($0) } }
}
