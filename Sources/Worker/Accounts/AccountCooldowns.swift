import Shared
import Synchronization

/// Accounts that this worker leaves alone for a while, because a platform said so.
///
/// In: an account and the failure it answered with. Out: until when it rests. Local to the worker; a platform's
/// `Retry-After` is kept to even where it is longer than any connection lives.
final class AccountCooldowns: Sendable {
    /// Where the platform names no time.
    ///
    /// A rate limit window is a minute or less on all six platforms; a wrong key or an
    /// empty purse is looked at again after five minutes, since people mend those.
    struct Times: Sendable {
        var rateLimited = Duration.seconds(5)
        var unusable = Duration.seconds(300)
        init() {}
    }

    /// What keeps an account from being used now.
    struct Rest: Sendable, Equatable {
        let left: Duration
        /// A limit that passes by itself: worth waiting for.
        ///
        /// Otherwise the key or the purse, which people must mend.
        let isForCapacity: Bool
    }

    private struct Entry {
        var until: ContinuousClock.Instant
        var isForCapacity: Bool
    }

    private let times: Times
    private let resting = Mutex<[String: Entry]>([:])

    init(times: Times = Times()) { self.times = times }

    /// Notes what a failure says about its account; failures that are not the account's change nothing.
    func note(_ failure: JobFailure, account: String, now: ContinuousClock.Instant = .now) {
        let rest: Duration
        switch failure.kind {
        case .rateLimited: rest = failure.retryAfter ?? times.rateLimited
        case .authentication, .quotaExhausted: rest = failure.retryAfter ?? times.unusable
        case .overloaded:
            guard let asked = failure.retryAfter else { return }
            rest = asked
        default: return
        }
        let entry = Entry(
            until: now + rest, isForCapacity: failure.kind.blame != .account || failure.kind == .rateLimited)
        resting.withLock { resting in
            if let known = resting[account], known.until >= entry.until { return }
            resting[account] = entry
        }
    }

    /// `nil` if the account may be used.
    func rest(of account: String, now: ContinuousClock.Instant = .now) -> Rest? {
        resting.withLock { resting in
            guard let entry = resting[account] else { return nil }
            if entry.until > now { return Rest(left: entry.until - now, isForCapacity: entry.isForCapacity) }
            resting[account] = nil
            return nil
        }
    }

    /// Until the first of these accounts has capacity again; `nil` where none rests for that.
    func earliestCapacity(of accounts: [Account], now: ContinuousClock.Instant = .now) -> Duration? {
        accounts.compactMap { rest(of: $0.id, now: now) }.filter(\.isForCapacity).map(\.left).min()
    }
}
