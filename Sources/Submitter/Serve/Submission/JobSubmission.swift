import Hummingbird
import Logging
import NIOCore
import Shared

/// Puts a checked request into the queue.
///
/// 1. budgets and admission, 2. register the reader, 3. submit, with patience.
///
/// In: a `ModelCall`. Out: a lease on its reply, or for jobs just the id. May fail with 402 (`budget_exhausted`), 422
/// (`idempotency_conflict`) or 503 (`queue_full`, Redis away). A 503 says that nothing was accepted, or names the job
/// that may have been.
final class JobSubmission: Sendable {
    let hub: ReplyHub
    let queues: JobQueues
    let gauges: QueueGauges
    let settings: SubmissionSettings
    let admission: Admission
    let budgets: LiveBudgets
    let maxOpen: Int
    let clock: any WallClock
    /// By shard, where submissions wait for replicas.
    let replicas: [Int: ReplicaWatch]

    init(
        hub: ReplyHub, queues: JobQueues, gauges: QueueGauges, settings: SubmissionSettings, admission: Admission,
        budgets: LiveBudgets, maxOpen: Int, clock: any WallClock, replicas: [Int: ReplicaWatch] = [:]
    ) {
        self.hub = hub
        self.queues = queues
        self.gauges = gauges
        self.settings = settings
        self.admission = admission
        self.budgets = budgets
        self.maxOpen = maxOpen
        self.clock = clock
        self.replicas = replicas
    }

    /// A request that is in the queue, with its reader.
    struct Accepted: Sendable {
        let lease: ReplyLease
        /// Its log can go soon after the answer is delivered.
        let canShortenLog: Bool
    }

    /// Submits a request whose caller waits on its connection.
    func accept(_ call: ModelCall, from connection: CallerConnection?) async throws(APIError) -> Accepted {
        try await checkBudgets(of: call)
        let queue = try admitted(call)
        let now = clock.now
        let (job, hash) = job(call, in: queue, now: now)
        let patience = call.deadline ?? queue.limits.defaultDeadline
        let options = ReplySubscription.Options(
            wantsDeltas: call.request.isStream, startsFromLog: hash != nil,
            expires: .now + patience + queue.limits.lease + .seconds(5),
            resubmission: Resubmission(job: job, body: call.body, bodyHash: hash, hold: call.hold))
        let lease = ReplyLease(
            hub.subscribe(to: job.id, options), in: hub, created: now / 1000, leaving: call.leaving,
            connection: connection)
        let outcome = try await submit(job, in: queue, call, hash) { mayBeQueued in
            if mayBeQueued, hash == nil { lease.cancel() } else { lease.release() }
        }
        lease.reply.accepted(entry: outcome.verdict.entry)
        return Accepted(lease: lease, canShortenLog: hash == nil && !outcome.wasRepeated)
    }

    /// Submits a job, whose caller gets an id at once.
    ///
    /// `isKnown`: the request was in the queue already.
    func enqueue(_ call: ModelCall) async throws(APIError) -> (id: String, isKnown: Bool) {
        try await checkBudgets(of: call)
        let queue = try admitted(call)
        var (job, hash) = job(call, in: queue, now: clock.now)
        // Nobody waits here, so nothing is published, unless the caller said that it will read a stream.
        if !call.request.isStream { job.shim = nil }
        let (id, deadline) = (job.id, job.deadline)
        let outcome = try await submit(job, in: queue, call, hash ?? call.received.sha256Hex) { mayBeQueued in
            // With a key the caller can come back for it. Without one nobody learns its id after this failure.
            if mayBeQueued, hash == nil { hub.cancel(id, deadline: deadline) }
        }
        if case .tracked(.attached) = outcome.verdict { return (job.id, !outcome.wasRepeated) }
        return (job.id, false)
    }

    /// Refuses what its caller may not spend any more, unless it was taken before: then nothing more is spent.
    private func checkBudgets(of call: ModelCall) async throws(APIError) {
        guard let refusal = budgets.refusal(tenant: call.tenant, user: call.request.user) else { return }
        guard let key = call.idempotencyKey else { throw APIError(refusal.failure) }
        let queue = queues.queue(tenant: call.tenant, idempotencyKey: key)
        let id = JobID.make(shard: queue.keys.shard, tenant: call.tenant, idempotencyKey: key)
        let known: RequestLogTop?
        do throws(RedisError) { known = try await queue.logTops([id]).first ?? nil } catch {
            throw APIError.notSubmitted(error, nil, isKeyed: true)
        }
        if known == nil { throw APIError(refusal.failure) }
    }

    /// The shard that takes it: the one of its key, else any that has room.
    private func admitted(_ call: ModelCall) throws(APIError) -> JobQueue {
        if hub.openCount >= maxOpen { throw .tooManyOpen(maxOpen) }
        let shards =
            call.idempotencyKey.map { [queues.queue(tenant: call.tenant, idempotencyKey: $0)] } ?? queues.shuffled()
        var refusal: APIError?
        for queue in shards {
            refusal = admission.refusal(gauges.latest(of: queue), lane: call.lane)
            guard refusal == nil else { continue }
            gauges.submitted(bytes: call.body.count + (call.original?.body.count ?? 0), to: queue)
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
        job.original = call.original
        return (job, call.idempotencyKey == nil ? nil : call.received.sha256Hex)
    }

    // MARK: - Submitting

    private enum Verdict {
        case entry(String)
        case tracked(JobQueue.TrackedSubmission)
        /// Queued, but on too few replicas.
        case notReplicated

        var entry: String? {
            guard case .entry(let entry) = self else { return nil }
            return entry
        }
    }

    /// Repeats a submission whose reply was lost, which the queue allows, until it is answered or patience ends.
    ///
    /// Tells `onFailure` whether the request may be in the queue all the same.
    private func submit(
        _ job: Job, in queue: JobQueue, _ call: ModelCall, _ hash: String?, onFailure: (Bool) -> Void
    ) async throws(APIError) -> (verdict: Verdict, wasRepeated: Bool) {
        let patienceEnds = ContinuousClock.now + settings.timeout
        var mayBeQueued = false
        var refusal = APIError.idempotencyConflict
        while true {
            do throws(RedisError) {
                let verdict = try await once(job, in: queue, call.body, hash)
                if case .tracked(.conflict) = verdict { break }
                if case .notReplicated = verdict {
                    refusal = .notReplicated(job.id, settings.replicas)
                    break
                }
                return (verdict, mayBeQueued)
            } catch {
                mayBeQueued = mayBeQueued || error.mayHaveRun
                guard Self.mayRepeat(error), ContinuousClock.now < patienceEnds else {
                    onFailure(mayBeQueued)
                    throw APIError.notSubmitted(error, mayBeQueued ? job.id : nil, isKeyed: call.idempotencyKey != nil)
                }
            }
            do { try await EventLoopTimer.sleep(for: .milliseconds(20)) } catch {
                onFailure(mayBeQueued)
                throw mayBeQueued ? APIError.cancelled.about(job: job.id) : APIError.cancelled
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
        return try await replicas.isReplicated(job.id) ? .tracked(submission) : .notReplicated
    }

    /// Not where the server is full, which it says at once, nor where it is gone, since the command has waited for it.
    private static func mayRepeat(_ error: RedisError) -> Bool {
        error.isTransient && error.prefix != "OOM" && error.code != .notConnected && error.code != .overloaded
    }
}
