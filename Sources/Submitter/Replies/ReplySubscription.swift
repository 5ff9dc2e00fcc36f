import NIOCore
import Shared
import Synchronization

/// One caller's open reply: the hub puts messages in, one reader takes events out.
///
/// The lock joins `ReplyState` with the one waiting reader. Everything that can end a wait is a flag that the reader finds
/// when it wakes, so a wake-up is never lost and never wrong.
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

    struct Options {
        var after = RequestLogID.beginning
        var wantsDeltas = true
        var startsFromLog = false
        /// When the reader gives up.
        var expires: ContinuousClock.Instant
        /// What to submit again if Redis forgets this request; `nil` for readers of a request somebody else submitted.
        var resubmission: Resubmission?
    }

    let id: String
    let resubmission: Resubmission?
    let opened = ContinuousClock.now
    private let expires: ContinuousClock.Instant
    private let state: Mutex<Shared>

    /// Of a request that this process submits.
    private enum Submission {
        case underWay
        /// Redis has it: as this entry, where it is untracked.
        case accepted(entry: String?)
    }

    private struct Shared {
        var reply: ReplyState
        var waiter: CheckedContinuation<Void, Never>?
        var isSilent = false
        var isExpired = false
        var isForgotten = false
        /// Since when sweeps find no log, although a part of it was read.
        var missing: ContinuousClock.Instant?
        var isGone = false
        var isStopped = false
        /// The log could not be read; the next tick tries again.
        var isReadPaused = false
        var quietSince = ContinuousClock.now
        var heard = ContinuousClock.now
        var isFollowed = false
        var submission = Submission.underWay
        var wasRepeated = false
        /// When its place was looked up the last time.
        var placed: ContinuousClock.Instant?
        var told: WaitingNotice?
        /// Not told yet.
        var news: WaitingNotice?

        var isSignalled: Bool { isGone || isStopped || isSilent || isExpired || isForgotten || news != nil }
    }

    init(id: String, _ options: Options, limit: Int) {
        self.id = id
        resubmission = options.resubmission
        expires = options.expires
        state = Mutex(
            Shared(
                reply: ReplyState(
                    after: options.after, limit: limit, wantsDeltas: options.wantsDeltas,
                    startsFromLog: options.startsFromLog)))
    }

    // MARK: - The hub's side

    func received(_ message: ReplyMessage) {
        change { shared in
            shared.heard = .now
            return shared.reply.received(message)
        }
    }

    func swept(top: RequestLogTop?) {
        change { shared in
            shared.heard = .now
            guard let top else { return foundNoLog(&shared) }
            shared.missing = nil
            guard shared.reply.swept(top: top.id) else { return false }
            shared.reply.note(top.id, top.bytes)
            return true
        }
    }

    /// A log that is missing for so long does not come back.
    ///
    /// It has expired while Redis was away, or Redis has lost it. Chosen: two leases of 15 s, in which a worker that runs the
    /// request writes its start again.
    private static let longestMissing = Duration.seconds(30)

    /// Only for mere readers: who submitted the request has a deadline.
    private func foundNoLog(_ shared: inout Shared) -> Bool {
        guard resubmission == nil, shared.reply.last > .beginning, !shared.reply.isEnded else { return false }
        let since = shared.missing ?? .now
        shared.missing = since
        shared.isForgotten = ContinuousClock.now - since >= Self.longestMissing
        return shared.isForgotten
    }

    /// Has a ping written at once, which shows whether the caller is still there.
    func probe() {
        change { shared in
            shared.isSilent = true
            return true
        }
    }

    func callerLeft() {
        change { shared in
            shared.isGone = true
            return true
        }
    }

    /// This process ends before the answer came.
    func stop() {
        change { shared in
            shared.isStopped = true
            return true
        }
    }

    /// Once a second: the waits that are over.
    func tick(now: ContinuousClock.Instant, ping: Duration) {
        change { shared in
            shared.isReadPaused = false
            if now >= expires { shared.isExpired = true }
            if now - shared.quietSince >= ping { shared.isSilent = true }
            return shared.isExpired || shared.isSilent || shared.reply.isBehind
        }
    }

    /// Whether the log should be looked at: no message for `silence`.
    func isSilent(for silence: Duration, now: ContinuousClock.Instant) -> Bool {
        state.withLock { !$0.reply.isEnded && !$0.reply.isBehind && now - $0.heard >= silence }
    }

    /// The last record seen, where nothing but more records is missing (for XREAD).
    var followedFrom: RequestLogID? {
        state.withLock { $0.isFollowed && !$0.reply.isEnded && !$0.reply.isBehind ? $0.reply.last : nil }
    }

    var isFollowed: Bool { state.withLock { $0.isFollowed && !$0.reply.isEnded } }

    /// No attempt is known of.
    var isUnstarted: Bool { state.withLock { $0.reply.last.attempt == 0 && !$0.reply.isEnded } }

    /// Whether the caller of a stream has waited for `patience` without a token.
    func isWaiting(now: ContinuousClock.Instant, for patience: Duration) -> Bool {
        state.withLock { shared in
            shared.reply.wantsDeltas && shared.reply.last.attempt == 0 && !shared.reply.isEnded
                && now - opened >= patience
        }
    }

    /// Whether its place was not looked up for `pause`.
    func awaitsPlace(now: ContinuousClock.Instant, every pause: Duration) -> Bool {
        state.withLock { shared in shared.placed.map { now - $0 >= pause } ?? true }
    }

    /// `nil` where the request does not wait, or is not in order yet.
    func stands(at place: QueuePlace?, now: ContinuousClock.Instant) {
        state.withLock { $0.placed = now }
        if let place { hears(.place(place)) }
    }

    /// What it was told already is not told again.
    func hears(_ notice: WaitingNotice) {
        change { shared in
            guard notice.comment != shared.told?.comment else { return false }
            shared.news = notice
            return true
        }
    }

    /// A record of this size is in the log, as somebody found who looked.
    func note(_ top: RequestLogTop) { state.withLock { $0.reply.note(top.id, top.bytes) } }

    /// Bytes of the largest record that is known to wait in the log.
    var largest: Int { state.withLock { $0.reply.largest } }

    /// The queue entry of an untracked request, once Redis has named it.
    var entry: String? {
        guard case .accepted(let entry) = state.withLock({ $0.submission }) else { return nil }
        return entry
    }

    /// Until then, whoever submits it repeats it, and tells its caller where that fails.
    var isAccepted: Bool {
        guard case .accepted = state.withLock({ $0.submission }) else { return false }
        return true
    }

    func accepted(entry: String?) { state.withLock { $0.submission = .accepted(entry: entry) } }

    /// The request may be in the queue twice: its log must stay, or the second entry would run as well.
    var wasRepeated: Bool { state.withLock { $0.wasRepeated } }

    func repeated() { state.withLock { $0.wasRepeated = true } }

    private func change(_ body: (inout Shared) -> Bool) {
        let waiter = state.withLock { shared -> CheckedContinuation<Void, Never>? in
            guard body(&shared) else { return nil }
            defer { shared.waiter = nil }
            return shared.waiter
        }
        waiter?.resume()
    }

    // MARK: - The reader's side

    enum Step {
        case batch(Batch)
        case readLog(after: RequestLogID)
        case wait
    }

    func step() -> Step { state.withLock { Self.step(&$0) } }

    private static func step(_ shared: inout Shared) -> Step {
        if shared.isGone { return .batch(.gone) }
        if shared.isStopped { return .batch(.stopped) }
        if shared.isReadPaused, shared.reply.isBehind { return signal(&shared) ?? .wait }
        switch shared.reply.take() {
        case .events(let events):
            shared.quietSince = .now
            shared.isSilent = false
            shared.news = nil
            return .batch(.events(events))
        case .readLog(let last): return .readLog(after: last)
        case .wait: return signal(&shared) ?? .wait
        }
    }

    private static func signal(_ shared: inout Shared) -> Step? {
        if shared.isExpired { return .batch(.expired) }
        if shared.isForgotten { return .batch(.forgotten) }
        guard shared.isSilent || shared.news != nil else { return nil }
        shared.isSilent = false
        shared.quietSince = .now
        guard let notice = shared.news else { return .batch(.silence) }
        shared.news = nil
        shared.told = notice
        return .batch(.waiting(notice))
    }

    /// Returns when `step` may have something else to say than `wait`.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { shared in
                    if shared.isSignalled || shared.reply.hasWork(shared.isReadPaused) { return true }
                    shared.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            stop()
        }
    }

    /// `ownChannel`: where this process listens; a request that is published elsewhere must be followed in its log.
    func read(_ entries: [RequestLogEntry], isWhole: Bool, ownChannel: String) -> Bool {
        state.withLock { shared in
            shared.reply.read(entries, isWhole: isWhole)
            shared.heard = .now
            let wasFollowed = shared.isFollowed
            if let channel = shared.reply.channel { shared.isFollowed = channel != ownChannel }
            return shared.isFollowed && !wasFollowed
        }
    }

    func readFailed() { state.withLock { $0.isReadPaused = true } }
}

/// All that is needed to submit a request a second time.
struct Resubmission: Sendable {
    let job: Job
    let body: [UInt8]
    /// For tracked requests.
    let bodyHash: String?
    /// Keeps the bytes counted for as long as they are held.
    var hold: BodyHold?
}

/// What a caller whose request has not begun hears.
enum WaitingNotice: Sendable, Equatable {
    case place(QueuePlace)
    case noWorker

    /// As streams tell it.
    var comment: String {
        switch self {
        case .place(let place): place.comment
        case .noWorker: "no worker is alive"
        }
    }
}
