import Hummingbird
import Logging
import NIOCore
import Shared

/// Puts a checked request into the queue.
///
/// 1. admission, 2. register the reader, 3. submit, with patience.
///
/// In: a `ModelCall`. Out: a lease on its reply, or for jobs just the id. May fail with 503 (`queue_full`, Redis away:
/// nothing was accepted, or it is said that the request may have been, with its id) or 422 (`idempotency_conflict`).
struct JobSubmission: Sendable {
    let hub: ReplyHub
    let queues: JobQueues
    let gauges: QueueGauges
    let config: ShimConfig
    let clock: any WallClock
    /// By shard, where submissions wait for replicas.
    var replicas: [Int: ReplicaWatch] = [:]

    /// A request that is in the queue, with its reader.
    struct Accepted: Sendable {
        let lease: ReplyLease
        /// Its log can go soon after the answer is delivered.
        let isForgettable: Bool
    }

    /// Synchronous requests: the caller waits on its connection.
    func accept(_ call: ModelCall, from connection: Connection?) async throws(APIError) -> Accepted {
        let queue = try admitted(call)
        let now = clock.now
        let (job, hash) = job(call, in: queue, now: now)
        let patience = call.deadline ?? queue.limits.defaultDeadline
        let options = ReplySubscription.Options(
            wantsDeltas: call.request.isStream, startsFromLog: hash != nil,
            expires: .now + patience + queue.limits.lease + .seconds(5),
            resubmission: Resubmission(job: job, body: call.body, bodyHash: hash, hold: call.hold))
        let lease = ReplyLease(
            hub.open(job.id, options), in: hub, created: now / 1000, leaving: call.leaving, connection: connection)
        let outcome = try await submit(job, in: queue, call, hash) { mayBeQueued in
            if mayBeQueued, hash == nil { lease.giveUp() } else { lease.abandon() }
        }
        lease.reply.accepted(entry: outcome.verdict.entry)
        return Accepted(lease: lease, isForgettable: hash == nil && !outcome.wasRepeated)
    }

    /// Jobs: answered with an id at once.
    ///
    /// Returns whether the request was known already.
    func enqueue(_ call: ModelCall) async throws(APIError) -> (id: String, isKnown: Bool) {
        let queue = try admitted(call)
        var (job, hash) = job(call, in: queue, now: clock.now)
        // Nobody waits here, so nothing is published, unless the caller said that it will read a stream.
        if !call.request.isStream { job.shim = nil }
        let (id, deadline) = (job.id, job.deadline)
        let outcome = try await submit(job, in: queue, call, hash ?? RequestHash.hex(call.received)) { mayBeQueued in
            // With a key the caller can come back for it; without one nobody knows its id but this answer.
            if mayBeQueued, hash == nil { hub.cancel(id, deadline: deadline) }
        }
        if case .tracked(.attached) = outcome.verdict { return (job.id, !outcome.wasRepeated) }
        return (job.id, false)
    }

    /// The shard that takes it: that of its key, or else any that has room for it.
    private func admitted(_ call: ModelCall) throws(APIError) -> JobQueue {
        if hub.openCount >= config.maxOpenRequests {
            throw APIError(
                .serviceUnavailable, .server, code: "too_many_open_requests",
                "This server has \(config.maxOpenRequests) open requests, which is its limit.", retryAfter: .seconds(1))
        }
        let shards =
            call.idempotencyKey.map { [queues.queue(tenant: call.tenant, idempotencyKey: $0)] } ?? queues.shuffled()
        var refusal: APIError?
        for queue in shards {
            refusal = Admission(limits: config.admission).refusal(gauges.latest(of: queue), lane: call.lane)
            guard refusal == nil else { continue }
            gauges.submitted(bytes: call.body.count, to: queue)
            return queue
        }
        throw refusal ?? .stopping
    }

    private func job(_ call: ModelCall, in queue: JobQueue, now: Int64) -> (Job, hash: String?) {
        let shard = queue.keys.shard
        let id =
            call.idempotencyKey.map { JobID.make(shard: shard, tenant: call.tenant, idempotencyKey: $0) }
            ?? JobID.make(shard: shard, now: now)
        let patience = call.deadline ?? queue.limits.defaultDeadline
        var job = Job(id: id, deadline: now + patience.milliseconds, body: .inline(call.body))
        job.tenant = call.tenant
        job.user = call.request.user
        job.requestID = call.requestID
        job.operation = call.request.operation
        job.shim = hub.shim
        job.lane = call.lane
        job.provider = call.provider
        job.routingStrategy = call.routingStrategy
        job.onWorkerLoss = call.onWorkerLoss
        job.cacheTTL = call.cacheTTL
        return (job, call.idempotencyKey == nil ? nil : RequestHash.hex(call.received))
    }

    // MARK: - Submitting

    private enum Verdict {
        case entry(String)
        case tracked(JobQueue.TrackedSubmission)
        /// Queued, but too few replicas know.
        case unsafe

        var entry: String? {
            guard case .entry(let entry) = self else { return nil }
            return entry
        }
    }

    /// Repeats a submission whose reply was lost, which the queue allows, until it is answered or patience ends.
    ///
    /// `onFailure` is told whether the request may be in the queue all the same.
    private func submit(
        _ job: Job, in queue: JobQueue, _ call: ModelCall, _ hash: String?, onFailure: (Bool) -> Void
    ) async throws(APIError) -> (verdict: Verdict, wasRepeated: Bool) {
        let giveUp = ContinuousClock.now + config.submitTimeout
        var mayBeQueued = false
        var refusal = Self.conflict
        while true {
            do throws(RedisError) {
                let verdict = try await once(job, in: queue, call.body, hash)
                if case .tracked(.conflict) = verdict { break }
                if case .unsafe = verdict {
                    refusal = Self.notReplicated(job.id, config.waitReplicas)
                    break
                }
                return (verdict, mayBeQueued)
            } catch {
                mayBeQueued = mayBeQueued || error.mayHaveRun
                guard Self.mayRepeat(error), ContinuousClock.now < giveUp else {
                    onFailure(mayBeQueued)
                    throw Self.refusal(error, mayBeQueued ? job.id : nil, isKeyed: call.idempotencyKey != nil)
                }
            }
            do { try await Task.sleep(for: .milliseconds(20)) } catch {
                onFailure(mayBeQueued)
                throw mayBeQueued ? Self.left.about(job: job.id) : Self.left
            }
        }
        onFailure(false)
        throw refusal
    }

    private func once(_ job: Job, in queue: JobQueue, _ body: [UInt8], _ hash: String?) async throws(RedisError)
        -> Verdict
    {
        guard let hash else { return .entry(try await queue.submit(job, body: body)) }
        let submission = try await queue.submitTracked(job, body: body, bodyHash: hash)
        guard let replicas = replicas[queue.keys.shard], submission != .conflict else { return .tracked(submission) }
        return try await replicas.isReplicated(job.id) ? .tracked(submission) : .unsafe
    }

    /// A server that is full says so at once; one that is gone has been waited for already.
    private static func mayRepeat(_ error: RedisError) -> Bool {
        error.isTransient && error.prefix != "OOM" && error.code != .notConnected && error.code != .overloaded
    }

    private static let conflict = APIError(
        .unprocessableContent, .invalidRequest, code: "idempotency_conflict",
        "The Idempotency-Key was used with another request body.", param: "Idempotency-Key")
    private static let left = APIError(
        .clientClosedRequest, .invalidRequest, code: "cancelled", "The request was cancelled.")

    /// Whoever sends it again with its key reaches the same request.
    private static func notReplicated(_ id: String, _ replicas: Int) -> APIError {
        APIError(
            .serviceUnavailable, .server, code: "not_replicated",
            "The request is queued as \(id), but fewer than \(replicas) replicas have it: it may be lost with the primary.",
            retryAfter: .seconds(2)
        ).about(job: id)
    }

    /// `job`: the one that may have been accepted, though nobody heard.
    private static func refusal(_ error: RedisError, _ job: String?, isKeyed: Bool) -> APIError {
        if error.code == .cancelled { return job.map { left.about(job: $0) } ?? left }
        var refusal = APIError(
            .serviceUnavailable, .server, code: error.prefix == "OOM" ? "queue_full" : "queue_unavailable",
            "The queue cannot take the request at the moment; nothing was accepted.", retryAfter: .seconds(2))
        guard let job else { return refusal }
        refusal.message =
            "The queue did not answer in time; the request may have been accepted as job \(job)"
            + (isKeyed ? ": look there, or send it again with the same Idempotency-Key." : ", and is being cancelled.")
        return refusal.about(job: job)
    }
}
