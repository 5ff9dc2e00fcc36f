/// RETRY puts a dead letter back to where it came from.
extension DeadLetters {
    package enum Retry: Sendable, Equatable {
        /// Queued again as the request of this id.
        case request(String)
        /// The ledger gets the row once more.
        case row
        /// Somebody else was quicker.
        case gone
        /// It can only be dropped, for this reason.
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
    ///     KEYS[1] -> dead letters
    ///     KEYS[2] -> lane
    ///     KEYS[3] -> log of the new request
    ///     KEYS[4] -> body of the old request
    ///     KEYS[5] -> body of the new request
    ///     ARGV[1] -> dead letter's entry
    ///     ARGV[2] -> TTL in ms
    ///     ARGV[3] -> tenant
    ///     ARGV[4] -> id of the old request
    ///     ARGV[5] -> `1` where the body travels beside the entry
    ///     ARGV[6…] -> fields of the new entry
    ///     "retried" -> the new request waits in its lane
    ///     "gone" -> dropped, or retried before
    ///     "bodiless" -> nothing was done: the body has expired
    private static let retry = RedisScript(
        """
        local dead, q, log, oldBody, newBody = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
        local entry, ttl, tenant, oldID, isStored = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5] == '1'
        if not redis.call('XRANGE', dead, entry, entry)[1] then return 'gone' end
        if isStored then
          if redis.call('EXISTS', oldBody) == 0 then return 'bodiless' end
          redis.call('RENAME', oldBody, newBody)
          redis.call('PEXPIRE', newBody, ttl)
        end
        redis.call('XADD', log, '0-1', 'k', 'q', 'h', '', 't', tenant, 'c', '', 'o', oldID)
        redis.call('PEXPIRE', log, ttl)
        redis.call('XADD', q, '*', unpack(ARGV, 6))
        redis.call('XDEL', dead, entry)
        return 'retried'
        """)

    /// Puts a dead ledger row back into the outbox.
    ///
    ///     KEYS[1] -> dead letters
    ///     KEYS[2] -> outbox
    ///     ARGV[1] -> dead letter's entry
    ///     ARGV[2…] -> fields of the row
    ///     "retried" -> the row is in the outbox
    ///     "gone" -> dropped, or retried before
    private static let rebill = RedisScript(
        """
        local dead, usage, entry = KEYS[1], KEYS[2], ARGV[1]
        if not redis.call('XRANGE', dead, entry, entry)[1] then return 'gone' end
        redis.call('XADD', usage, '*', unpack(ARGV, 2))
        redis.call('XDEL', dead, entry)
        return 'retried'
        """)
}
