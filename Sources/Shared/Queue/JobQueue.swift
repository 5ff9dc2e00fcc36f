import NIOCore

/// The queue: every operation of `docs/queue-protocol.md`, each one script or one plain command.
///
/// In: jobs, attempts, deltas. Out: verdicts (one closed enum per operation). All operations may be repeated after a lost
/// reply; the ones on an attempt repeat themselves while Redis is away, for `QueueLimits.patience`.
/// Throws `RedisError` where Redis stays away longer, or refuses for a reason that a repeat cannot mend.
///
/// The operations stand in one extension per role: `+Submit` for producers, `+Claim`, `+Run` and `+Reap` for workers.
package struct JobQueue: Sendable {
    package let redis: RedisClient
    package let keys: QueueKeys
    package let limits: QueueLimits
    let clock: any WallClock

    package init(
        redis: RedisClient, keys: QueueKeys, limits: QueueLimits = QueueLimits(),
        clock: any WallClock = SystemWallClock()
    ) {
        self.redis = redis
        self.keys = keys
        self.limits = limits
        self.clock = clock
    }

    /// TTL of the log of a running request, in milliseconds: it must outlive the deadline, or a duplicate entry would run again.
    func runningTTL(deadline: Int64) -> Int64 {
        if Ablation.logGrace.isBroken { return limits.streamLogTTL.milliseconds }
        return max(0, deadline - clock.now) + limits.grace.milliseconds + limits.streamLogTTL.milliseconds
    }

    /// Repeats an operation that is safe to repeat, with jittered pauses, until it gets an answer or patience ends.
    package func persist<Answer: Sendable>(
        _ operation: () async throws(RedisError) -> Answer
    ) async throws(RedisError) -> Answer {
        let giveUp = ContinuousClock.now + limits.patience
        var pause = Duration.milliseconds(25)
        while true {
            let failure: RedisError
            do { return try await operation() } catch { failure = error }
            guard failure.isTransient, ContinuousClock.now < giveUp else { throw failure }
            do {
                try await Task.sleep(for: pause * Double.random(in: 0.5...1))
            } catch {
                throw RedisError(.cancelled, "cancelled while Redis was away")
            }
            pause = min(pause * 2, .seconds(1))
        }
    }

    /// A script whose answer is one of a closed set of words.
    func verdict<Verdict: RawRepresentable<String>>(
        _ script: RedisScript, keys: [String], args: [RedisArgument]
    ) async throws(RedisError) -> Verdict {
        try Self.word(try await redis.evaluate(script, keys: keys, args: args))
    }

    static func word<Verdict: RawRepresentable<String>>(_ value: RedisValue) throws(RedisError) -> Verdict {
        guard let word = value.string, let verdict = Verdict(rawValue: word) else {
            throw RedisError(.protocolViolation, "a queue script answered with an unknown word")
        }
        return verdict
    }
}
