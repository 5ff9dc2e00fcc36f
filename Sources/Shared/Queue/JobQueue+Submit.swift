/// SUBMIT and CANCEL: what producers do.
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

    /// Puts a job into its lane with one plain `XADD`; returns the entry's ID.
    ///
    /// May be repeated blindly: a second entry of the same id is recognised as a duplicate when it is started.
    package func submit(_ job: Job, body: [UInt8]) async throws(RedisError) -> String {
        let (job, commands) = entry(for: job, body: body)
        var add = RedisCommand("XADD", .string(keys.queue(job.lane)), "*")
        for argument in Self.arguments(job.fields) { add.append(argument) }
        let replies = try await redis.pipeline(commands + [add])
        for reply in replies { try reply.throwIfError() }
        guard let entry = replies.last?.string else {
            throw RedisError(.protocolViolation, "XADD answered without an entry ID")
        }
        return entry
    }

    /// Puts a job into its lane unless its id was used before; the log remembers the body's hash.
    package func submitTracked(
        _ job: Job, body: [UInt8], bodyHash: String
    ) async throws(RedisError) -> TrackedSubmission {
        var tracked = job
        tracked.isTracked = true
        let (job, commands) = entry(for: tracked, body: body)
        if !commands.isEmpty {
            for reply in try await redis.pipeline(commands) { try reply.throwIfError() }
        }
        let ttl = runningTTL(deadline: job.deadline) + limits.jobLogTTL.milliseconds
        return try await verdict(
            QueueScripts.submitTracked, keys: [keys.log(job.id), keys.queue(job.lane)],
            args: [.string(bodyHash), .string(job.tenant), .string(job.shim.map(keys.shimChannel) ?? ""), .int(ttl)]
                + Self.arguments(job.fields))
    }

    /// Ends a request with `cancelled`, whether it waits or runs; a running one is nudged.
    package func cancel(_ id: String, meta: [UInt8] = Array("{}".utf8)) async throws(RedisError) -> Cancellation {
        let result = JobFailure(.cancelled, "the request was cancelled").encoded
        return try await verdict(
            QueueScripts.cancel, keys: [keys.log(id)],
            args: [
                .string(id), .int(limits.streamLogTTL.milliseconds), .bytes(meta), .bytes(result),
                .string(keys.workerChannel("")),
            ])
    }

    /// A large body goes under its own key first, so that no claim ever sees an entry without it.
    private func entry(for job: Job, body: [UInt8]) -> (Job, [RedisCommand]) {
        var job = job
        guard body.count > Job.inlineBodyBytes else {
            job.body = .inline(body)
            return (job, [])
        }
        job.body = .stored
        let ttl = runningTTL(deadline: job.deadline)
        return (job, [RedisCommand("SET", .string(keys.request(job.id)), .bytes(body), "PX", .int(ttl))])
    }

    private static func arguments(_ fields: [(String, [UInt8])]) -> [RedisArgument] {
        fields.flatMap { [.string($0.0), .bytes($0.1)] }
    }
}
