import Shared

/// Joins what the log says of one request (`ReplyState`) with what ends or interrupts its reader's wait (pure).
///
/// Everything that can end a wait is a flag that the reader finds when it wakes, so a wake-up is never lost and never
/// wrong. The methods that return a Bool say: the reader has something to do.
struct SubscriptionState {
    var reply: ReplyState
    /// The request was submitted elsewhere, so it may vanish without this process being to blame.
    let isReaderOnly: Bool
    var submission = Submission.underWay
    var wasRepeated = false
    var isFollowed = false
    var isGone = false
    var isStopped = false
    /// When a message came, or the log was looked at, the last time.
    var heard = ContinuousClock.now
    /// The log could not be read, and the next tick tries again.
    var isReadPaused = false
    /// The caller hears a ping next, whatever comes.
    var isSilent = false
    /// When the request's place was looked up the last time.
    var placed: ContinuousClock.Instant?
    private var isExpired = false
    private var isForgotten = false
    /// Since when sweeps find no log, although a part of it was read.
    private var missing: ContinuousClock.Instant?
    private var quietSince = ContinuousClock.now
    private var told: WaitingNotice?
    private var untold: WaitingNotice?

    /// Of a request that this process submits.
    enum Submission {
        case underWay
        /// Redis has it: as this entry, where it is untracked.
        case accepted(entry: String?)
    }

    init(reply: ReplyState, isReaderOnly: Bool) {
        self.reply = reply
        self.isReaderOnly = isReaderOnly
    }

    // MARK: - The hub's side

    mutating func received(_ message: ReplyMessage) -> Bool {
        heard = .now
        return reply.received(message)
    }

    /// `top` is the last record of the log, `nil` where there is no log.
    mutating func swept(top: RequestLogTop?) -> Bool {
        heard = .now
        guard let top else { return foundNoLog() }
        missing = nil
        guard reply.swept(top: top.id) else { return false }
        reply.note(top.id, top.bytes)
        return true
    }

    /// A log that is missing for so long does not come back.
    ///
    /// It has expired while Redis was away, or Redis has lost it. Chosen: two leases of 15 s, in which a worker that
    /// runs the request writes its start again.
    private static let longestMissing = Duration.seconds(30)

    /// Forgets the request, for mere readers only: a submitter waits for its deadline instead.
    private mutating func foundNoLog() -> Bool {
        guard isReaderOnly, reply.last > .beginning, !reply.isEnded else { return false }
        let since = missing ?? .now
        missing = since
        isForgotten = ContinuousClock.now - since >= Self.longestMissing
        return isForgotten
    }

    mutating func tick(now: ContinuousClock.Instant, expires: ContinuousClock.Instant, ping: Duration) -> Bool {
        isReadPaused = false
        if now >= expires { isExpired = true }
        if now - quietSince >= ping { isSilent = true }
        return isExpired || isSilent || reply.isBehind
    }

    /// Notes what the caller is to hear, unless it was told that already.
    mutating func notify(_ notice: WaitingNotice) -> Bool {
        guard notice.comment != told?.comment else { return false }
        untold = notice
        return true
    }

    // MARK: - The reader's side

    /// `step` would return something else than `wait`.
    var isReady: Bool {
        isGone || isStopped || isSilent || isExpired || isForgotten || untold != nil || reply.hasWork(isReadPaused)
    }

    mutating func step() -> ReplySubscription.Step {
        if isGone { return .batch(.gone) }
        if isStopped { return .batch(.stopped) }
        if isReadPaused, reply.isBehind { return signal() ?? .wait }
        switch reply.take() {
        case .events(let events):
            quietSince = .now
            isSilent = false
            untold = nil
            return .batch(.events(events))
        case .readLog(let last): return .readLog(after: last)
        case .wait: return signal() ?? .wait
        }
    }

    private mutating func signal() -> ReplySubscription.Step? {
        if isExpired { return .batch(.expired) }
        if isForgotten { return .batch(.forgotten) }
        guard isSilent || untold != nil else { return nil }
        isSilent = false
        quietSince = .now
        guard let notice = untold else { return .batch(.silence) }
        untold = nil
        told = notice
        return .batch(.waiting(notice))
    }

    /// Returns true when the log must be followed from now on, because another process publishes this request.
    mutating func read(_ entries: [RequestLogEntry], isWhole: Bool, ownChannel: String) -> Bool {
        reply.read(entries, isWhole: isWhole)
        heard = .now
        let wasFollowed = isFollowed
        if let channel = reply.channel { isFollowed = channel != ownChannel }
        return isFollowed && !wasFollowed
    }
}
