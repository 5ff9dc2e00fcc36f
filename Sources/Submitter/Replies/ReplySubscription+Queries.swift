import Shared

/// Answers the hub's questions about a subscription.
extension ReplySubscription {
    /// No message came for `silence`, so the log should be looked at.
    func isSilent(for silence: Duration, now: ContinuousClock.Instant) -> Bool {
        look { !$0.reply.isEnded && !$0.reply.isBehind && now - $0.heard >= silence }
    }

    /// The last record seen, where nothing but more records is missing (for XREAD).
    var followedFrom: RequestLogID? {
        look { $0.isFollowed && !$0.reply.isEnded && !$0.reply.isBehind ? $0.reply.last : nil }
    }

    var isFollowed: Bool { look { $0.isFollowed && !$0.reply.isEnded } }

    /// No attempt is known of.
    var isUnstarted: Bool { look { $0.reply.last.attempt == 0 && !$0.reply.isEnded } }

    /// The caller of a stream has waited for `patience` without a token.
    func isWaiting(now: ContinuousClock.Instant, for patience: Duration) -> Bool {
        look { $0.reply.wantsDeltas && $0.reply.last.attempt == 0 && !$0.reply.isEnded && now - opened >= patience }
    }

    /// Its place was not looked up for `pause`.
    func awaitsPlace(now: ContinuousClock.Instant, every pause: Duration) -> Bool {
        look { $0.placed.map { now - $0 >= pause } ?? true }
    }

    /// Bytes of the largest record that is known to wait in the log.
    var largest: Int { look { $0.reply.largest } }

    /// The queue entry of an untracked request, once Redis has named it.
    var entry: String? {
        guard case .accepted(let entry) = look({ $0.submission }) else { return nil }
        return entry
    }

    /// Redis has the request.
    ///
    /// Until then its submitter repeats it, and tells the caller where that fails.
    var isAccepted: Bool {
        guard case .accepted = look({ $0.submission }) else { return false }
        return true
    }

    /// The request may be in the queue twice: its log must stay, or the second entry would run as well.
    var wasRepeated: Bool { look { $0.wasRepeated } }
}
