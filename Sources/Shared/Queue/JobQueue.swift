import NIOCore

/// The queue: every operation of `docs/queue-protocol.md`, each one script or one plain command.
///
/// In: jobs, attempts, deltas. Out: verdicts, one closed enum per operation. All operations may be repeated after a
/// lost reply. The ones on an attempt repeat themselves while Redis is away, for `QueueLimits.patience`. Throws
/// `RedisError` where Redis stays away longer, or refuses for a reason that a repeat cannot mend.
///
/// The operations stand in one extension per role, and so do their scripts in `QueueScripts`:
/// - `+Submit`: producers put requests in, and cancel them
/// - `+Claim`: workers take entries out
/// - `+Decline`: a worker gives a claimed entry back, or ends its request without an attempt
/// - `+Run`: an attempt from its start to its end
/// - `+Retry`: another attempt, at once or later
/// - `+Lease`: holding what runs
/// - `+Reap`: taking over from workers that died
/// - `+Rooms`: waiting for busy accounts
/// - `+Maintenance`: what workers do for the queue as a whole: sort, expire, promote
/// - `+Heartbeats`: which workers live
/// - `+Places`: where a waiting request stands
/// - `+Replicas`: how far writes have travelled
/// - `+Shards`: how many shards there ever were
///
/// Logs are read in `RequestLog`, dead letters in `DeadLetters`.
package final class JobQueue: Sendable {
    package let redis: RedisClient
    package let keys: QueueKeys
    package let limits: QueueLimits
    let clock: any WallClock
    let appends: Appends

    package init(
        redis: RedisClient, keys: QueueKeys, limits: QueueLimits = QueueLimits(),
        clock: any WallClock = SystemWallClock()
    ) {
        self.redis = redis
        self.keys = keys
        self.limits = limits
        self.clock = clock
        appends = Self.appends(redis)
    }

    /// TTL of the log of a running request, in milliseconds.
    ///
    /// The log must outlive the deadline, or a duplicate entry would run again.
    func runningTTL(deadline: Int64) -> Int64 {
        if Ablation.logGrace.isBroken { return limits.streamLogTTL.milliseconds }
        return max(0, deadline - clock.now) + limits.grace.milliseconds + limits.streamLogTTL.milliseconds
    }
}

// MARK: - Asking Redis

extension JobQueue {
    /// Runs a move of the queue, repeated while Redis is away.
    ///
    /// `args` are made anew each time, since the clock has gone on. Its answer is one of a closed set of words.
    func move<Verdict: RawRepresentable<String>>(
        _ script: RedisScript, _ keys: [String], _ args: @autoclosure () -> [RedisArgument]
    ) async throws(RedisError) -> Verdict {
        try Self.word(try await reply(to: script, keys, args()))
    }

    /// The same for a move whose answer is more than a word.
    func reply(
        to script: RedisScript, _ keys: [String], _ args: @autoclosure () -> [RedisArgument]
    ) async throws(RedisError) -> RedisValue {
        try await persist { () async throws(RedisError) in try await redis.evaluate(script, keys: keys, args: args()) }
    }

    /// Runs a script once whose answer is one of a closed set of words.
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
                try await EventLoopTimer.sleep(for: pause * Double.random(in: 0.5...1))
            } catch {
                throw RedisError(.cancelled, "cancelled while Redis was away")
            }
            pause = min(pause * 2, .seconds(1))
        }
    }
}

extension Attempt {
    /// The proof of ownership, as scripts take it: worker, entry, delivery count.
    var ownership: [RedisArgument] { [.string(worker), .string(entry), .int(deliveries)] }

    /// The same after the attempt's number.
    var numberedOwnership: [RedisArgument] { [.int(number)] + ownership }
}
