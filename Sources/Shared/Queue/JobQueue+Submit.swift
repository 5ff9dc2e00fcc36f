/// SUBMIT and CANCEL: the moves of producers.
extension JobQueue {
    package enum TrackedSubmission: String, Sendable {
        case submitted
        /// The same request is known already: read its log.
        case attached
        /// The same key was used with another body.
        case conflict
    }

    package enum Cancellation: String, Sendable {
        case cancelled
        /// The request had ended before.
        case ended
    }

    /// Puts a job into its lane with one plain `XADD`.
    ///
    /// Returns the entry's ID.
    ///
    /// May be repeated blindly: a second entry of the same id is recognised as a duplicate when it is started.
    package func submit(_ job: Job, body: [UInt8]) async throws(RedisError) -> String {
        let job = entry(for: job, body: body)
        var commands: [RedisCommand] = []
        if case .stored = job.body {
            // First, so that no claim sees an entry without it. The first body of an id stays, as its first entry does.
            commands.append(
                RedisCommand(
                    "SET", .string(keys.request(job.id)), .bytes(body), "NX", "PX",
                    .int(runningTTL(deadline: job.deadline))))
        }
        var add = RedisCommand("XADD", .string(keys.queue(job.lane)), "*")
        for argument in Self.arguments(job.fields) { add.append(argument) }
        let replies = try await redis.pipeline(commands + [add])
        for reply in replies { try reply.throwIfError() }
        guard let entry = replies.last?.string else {
            throw RedisError(.protocolViolation, "XADD answered without an entry ID")
        }
        return entry
    }

    /// Puts a job into its lane unless its id was used before.
    ///
    /// The log remembers the body's hash.
    package func submitTracked(
        _ job: Job, body: [UInt8], bodyHash: String
    ) async throws(RedisError) -> TrackedSubmission {
        var tracked = entry(for: job, body: body)
        tracked.isTracked = true
        let life = runningTTL(deadline: job.deadline)
        return try await verdict(
            QueueScripts.submitTracked, keys: [keys.log(job.id), keys.queue(job.lane), keys.request(job.id)],
            args: [
                .string(bodyHash), .string(job.tenant), .string(job.shim.map(keys.shimChannel) ?? ""),
                .int(life + limits.jobLogTTL.milliseconds), .bytes(tracked.body == .stored ? body : []), .int(life),
            ] + Self.arguments(tracked.fields))
    }

    /// Ends a request with `cancelled`, whether it waits or runs.
    ///
    /// The worker of a running one is told.
    ///
    /// `deadline`, where it is known, bounds how long an entry may still wait. The end must be there as long.
    package func cancel(
        _ id: String, deadline: Int64? = nil, meta: [UInt8] = Array("{}".utf8)
    ) async throws(RedisError) -> Cancellation {
        let wait = runningTTL(deadline: deadline ?? clock.now + QueueLimits.longestDeadline.milliseconds)
        let result = JobFailure(.cancelled, "the request was cancelled").encoded
        return try await verdict(
            QueueScripts.cancel, keys: [keys.log(id)],
            args: [
                .string(id), .int(limits.streamLogTTL.milliseconds), .bytes(meta), .bytes(result),
                .string(keys.workerChannel("")), .int(limits.jobLogTTL.milliseconds), .int(wait),
            ])
    }

    /// Shortens the logs of requests whose answers reached their callers: nobody is going to read them again.
    ///
    /// They stay a little longer all the same, since they also refuse a second entry of the same id.
    package func delivered(_ ids: [String]) async throws(RedisError) {
        let life = min(limits.streamLogTTL, max(limits.deliveredLogTTL, limits.lease)).milliseconds
        for reply in try await redis.pipeline(
            ids.map { RedisCommand("PEXPIRE", .string(keys.log($0)), .int(life)) })
        {
            try reply.throwIfError()
        }
    }

    /// The job as its entry has it: a large body travels beside the entry.
    private func entry(for job: Job, body: [UInt8]) -> Job {
        var job = job
        job.body = body.count > Job.inlineBodyBytes ? .stored : .inline(body)
        return job
    }

    private static func arguments(_ fields: [(String, [UInt8])]) -> [RedisArgument] {
        fields.flatMap { [.string($0.0), .bytes($0.1)] }
    }
}
