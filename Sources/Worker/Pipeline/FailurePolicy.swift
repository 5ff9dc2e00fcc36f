import Shared

/// Decides what happens after an attempt failed.
///
/// Pure: everything it decides by is handed in, randomness included. In: the failure, whether the caller has seen text,
/// what was tried. Out: one `Decision`. It is the only place that knows about retries. One other place repeats a call:
/// `PlatformCaller`, once and within the attempt, where the platform called a token or a clock out of date.
struct FailurePolicy: Sendable, Equatable {
    /// Most calls to platforms for one request, all accounts together.
    ///
    /// Waiting for capacity does not count.
    var maxAttempts = 6
    /// First pause when every route has failed.
    ///
    /// It doubles up to `maxBackoff`, with full jitter.
    var backoff = Duration.milliseconds(500)
    var maxBackoff = Duration.seconds(30)

    init() {}

    enum Decision: Sendable, Equatable {
        /// Tell the caller.
        case fail
        /// Go on with the next route of this claim, at once.
        case nextRoute
        /// Put the request aside for this long.
        case later(Duration)
        /// Put the request aside until an account has capacity.
        case waitForCapacity
    }

    struct Situation: Sendable {
        var failure: JobFailure
        /// Text of this attempt has reached the caller: no silent retry.
        var isShown: Bool
        /// Attempts of the request so far, this one included.
        var attempts: Int
        var hasOtherRoute: Bool
        /// Answers to the request that nobody could read, this one included.
        var unreadable: Int
        /// When the first account in a cool-down for a limit has capacity again, or `nil` where there is none.
        var earliestCapacity: Duration?
        var timeLeft: Duration
        /// From 0 up to, but not including, 1.
        var random: Double

        init(
            failure: JobFailure, isShown: Bool, attempts: Int, hasOtherRoute: Bool, unreadable: Int = 0,
            earliestCapacity: Duration? = nil, timeLeft: Duration, random: Double
        ) {
            self.failure = failure
            self.isShown = isShown
            self.attempts = attempts
            self.hasOtherRoute = hasOtherRoute
            self.unreadable = unreadable
            self.earliestCapacity = earliestCapacity
            self.timeLeft = timeLeft
            self.random = random
        }
    }

    func decide(_ situation: Situation) -> Decision {
        guard !situation.isShown else { return .fail }
        switch situation.failure.kind.blame {
        case .request, .ours: return .fail
        case .answer: return boughtAgain(situation)
        case .account, .platform: break
        }
        let isWaitingForCapacity = situation.failure.kind == .rateLimited || situation.failure.kind == .noCapacity
        guard isWaitingForCapacity || situation.attempts < maxAttempts else { return .fail }
        if situation.hasOtherRoute { return .nextRoute }
        // A platform would only repeat what it calls final.
        if situation.failure.isFinal { return .fail }
        // Auth and billing failures are not retried, but another account may have capacity soon.
        let isUnusable = situation.failure.kind.blame == .account && !isWaitingForCapacity
        if isUnusable, situation.earliestCapacity == nil { return .fail }

        let asked = isUnusable ? nil : situation.failure.retryAfter
        // A platform that failed may be well again before others have capacity.
        let isPassing = situation.failure.kind.blame == .platform && !isWaitingForCapacity
        let pause = max(isPassing ? .zero : situation.earliestCapacity ?? .zero, asked ?? jittered(situation))
        guard pause < situation.timeLeft else { return .fail }
        return isWaitingForCapacity ? .waitForCapacity : .later(pause)
    }

    /// An answer that nobody can read was paid for, and would be again: it is asked for once more, of another account.
    private func boughtAgain(_ situation: Situation) -> Decision {
        guard situation.unreadable < 2, situation.attempts < maxAttempts else { return .fail }
        if situation.hasOtherRoute { return .nextRoute }
        guard let pause = situation.earliestCapacity, pause < situation.timeLeft else { return .fail }
        return .later(pause)
    }

    private func jittered(_ situation: Situation) -> Duration {
        let doublings = min(max(situation.attempts - 1, 0), 16)
        let ceiling = min(backoff * (1 << doublings), maxBackoff)
        return max(.milliseconds(50), ceiling * situation.random)
    }
}

extension JobFailure.Kind {
    /// Cause of a failure, which alone decides who may be tried next.
    enum Blame: Sendable {
        /// The request's own making, or its caller's: the same everywhere.
        case request
        /// One account's (key, money, rate): another account may do.
        case account
        /// The platform's or the network's: may pass.
        case platform
        /// The answer's, which was paid for.
        ///
        /// Another account may give a better one.
        case answer
        /// Ours, or an end that was asked for.
        case ours
    }

    var blame: Blame {
        switch self {
        case .invalidRequest, .unsupportedParameter, .contentFiltered, .contextTooLong, .modelNotFound,
            .budgetExhausted, .undecodable:
            .request
        case .authentication, .quotaExhausted, .rateLimited: .account
        case .overloaded, .serverError, .network, .timeout, .streamBroken, .noCapacity: .platform
        case .unreadableAnswer: .answer
        case .workerLost, .workerShutdown, .deadlineExceeded, .cancelled, .poison, .internal: .ours
        }
    }
}
