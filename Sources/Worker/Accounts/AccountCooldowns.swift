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

    private let times: Times
    private let until = Mutex<[String: ContinuousClock.Instant]>([:])

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
        until.withLock { $0[account] = max($0[account] ?? now, now + rest) }
    }

    /// How long the account still rests; `nil` if it may be used.
    func remaining(_ account: String, now: ContinuousClock.Instant = .now) -> Duration? {
        until.withLock { resting in
            guard let end = resting[account] else { return nil }
            if end > now { return end - now }
            resting[account] = nil
            return nil
        }
    }
}
