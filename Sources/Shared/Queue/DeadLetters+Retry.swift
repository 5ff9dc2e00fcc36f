/// RETRY: a dead letter goes back to where it came from.
extension DeadLetters {
    package enum Retry: Sendable, Equatable {
        /// Queued again as the request of this id.
        case request(String)
        /// The ledger gets the row once more.
        case row
        /// Somebody else was quicker.
        case gone
        /// It can only be dropped, and why.
        case impossible(String)
    }

    package func retry(_ letter: DeadLetter) async throws(RedisError) -> Retry {
        if let obstacle = letter.obstacle { return .impossible(obstacle) }
        guard let old = try? letter.job() else { return try await rebill(letter) }
        let job = renewed(old)
        switch try await queue.verdict(Self.retry, keys: keys(old, job), args: arguments(letter, old, job)) as Verdict {
        case .retried: return .request(job.id)
        case .gone: return .gone
        case .bodiless: return .impossible("its body, which travelled beside it, has expired")
        }
    }

    private enum Verdict: String { case retried, gone, bodiless }

    private func renewed(_ old: Job) -> Job {
        var job = old
        let now = queue.clock.now
        job.id = JobID.make(shard: shard, now: now)
        job.deadline = now + queue.limits.defaultDeadline.milliseconds
        job.attemptsBefore = 0
        job.deathsBefore = 0
        job.trail = []
        job.shim = nil
        job.isTracked = true
        return job
    }

    private func keys(_ old: Job, _ job: Job) -> [String] {
        let keys = queue.keys
        return [keys.dead, keys.queue(job.lane), keys.log(job.id), keys.request(old.id), keys.request(job.id)]
    }

    private func arguments(_ letter: DeadLetter, _ old: Job, _ job: Job) -> [RedisArgument] {
        let ttl = queue.runningTTL(deadline: job.deadline) + queue.limits.jobLogTTL.milliseconds
        let fields = job.fields + [("re", Array(old.id.utf8))]
        return [
            .string(letter.id.entry), .int(ttl), .string(job.tenant), .string(old.id),
            .string(job.body == .stored ? "1" : ""),
        ] + fields.flatMap { [.string($0.0), .bytes($0.1)] }
    }

    private func rebill(_ letter: DeadLetter) async throws(RedisError) -> Retry {
        let fields = letter.fields.flatMap { [RedisArgument.string($0.name), .bytes($0.value)] }
        let verdict: Verdict = try await queue.verdict(
            Self.rebill, keys: [queue.keys.dead, queue.keys.usage], args: [.string(letter.id.entry)] + fields)
        return verdict == .retried ? .row : .gone
    }

    /// Puts a dead request into its lane as a request of its own.
    ///
    /// KEYS dead, q, log of the new request, body of the old one, body of the new one. ARGV dead entry, TTL in ms, tenant,
    /// old id, `1` where the body travels beside the entry, then the fields of the new entry.
    /// Returns `retried`; `gone` (dropped, or retried before); `bodiless` (nothing was done: the body has expired).
    private static let retry = RedisScript(
        """
        if not redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1] then return 'gone' end
        if ARGV[5] == '1' then
          if redis.call('EXISTS', KEYS[4]) == 0 then return 'bodiless' end
          redis.call('RENAME', KEYS[4], KEYS[5])
          redis.call('PEXPIRE', KEYS[5], ARGV[2])
        end
        redis.call('XADD', KEYS[3], '0-1', 'k', 'q', 'h', '', 't', ARGV[3], 'c', '', 'o', ARGV[4])
        redis.call('PEXPIRE', KEYS[3], ARGV[2])
        redis.call('XADD', KEYS[2], '*', unpack(ARGV, 6))
        redis.call('XDEL', KEYS[1], ARGV[1])
        return 'retried'
        """)

    /// Puts a dead ledger row back into the outbox.
    ///
    /// KEYS dead, usage. ARGV dead entry, then the fields of the row. Returns `retried` or `gone`.
    private static let rebill = RedisScript(
        """
        if not redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1] then return 'gone' end
        redis.call('XADD', KEYS[2], '*', unpack(ARGV, 2))
        redis.call('XDEL', KEYS[1], ARGV[1])
        return 'retried'
        """)
}

extension JobQueue {
    /// A body that travels beside its entry lives as long as an answer once the request is a dead letter.
    func keepBody(of job: Job) async throws(RedisError) {
        guard case .stored = job.body else { return }
        _ = try await redis.send(
            RedisCommand("PEXPIRE", .string(keys.request(job.id)), .int(limits.jobLogTTL.milliseconds), "GT"))
    }
}
