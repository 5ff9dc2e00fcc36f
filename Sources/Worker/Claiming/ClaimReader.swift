import Logging
import Shared

/// Step 1 of a job, for a fresh or a reaped entry: turns a queue entry into a claim that can be run.
///
/// Entries that nobody can run are dealt with here and give `nil`:
///
/// - without a usable id: dead letters
/// - undecodable: end with an error, and dead letters
/// - of a newer version: put aside for a newer worker
/// - past the deadline: end, of any version
struct ClaimReader: Sendable {
    let queue: JobQueue
    let worker: String
    let metrics: WorkerMetrics
    let clock: any WallClock
    let logger: Logger

    private static let late = JobFailure(
        .deadlineExceeded, "the deadline passed before the request could be started")

    /// Time after which an entry of a newer version is looked at again.
    static let newerVersionDelay = Duration.seconds(5)

    init(
        queue: JobQueue, worker: String, metrics: WorkerMetrics, clock: any WallClock = SystemWallClock(),
        logger: Logger
    ) {
        self.queue = queue
        self.worker = worker
        self.metrics = metrics
        self.clock = clock
        self.logger = logger
    }

    func read(_ entry: JobQueue.Entry) async throws(RedisError) -> Claim? {
        let fallback = entry.enqueuedAt + queue.limits.defaultDeadline.milliseconds
        let job: Job
        do {
            job = try Job(entry: entry.fields, lane: entry.lane, defaultDeadline: fallback)
        } catch {
            try await setAside(entry, error)
            return nil
        }
        let claim = Claim(job: job, attempt: attempt(of: job, entry))
        guard job.deadline > clock.now else {
            // A reaped entry goes through REAP, which also bills the dead attempt.
            let verdict = try await queue.refuse(
                claim.attempt, attemptsBefore: job.attemptsBefore, with: failure(ofLate: job), isTracked: job.isTracked)
            if verdict == .ok { metrics.jobEnded(job, .expired) }
            return nil
        }
        return claim
    }

    /// The failure of a request that waited until its deadline: that of its last call to a platform, if it had one.
    ///
    /// A caller who waited for a platform's limit to end is told of the limit, however late its worker looks again.
    private func failure(ofLate job: Job) -> JobFailure {
        guard let last = AnswerMeta.Attempt.decode(job.trail).last?.error, last != .noCapacity,
            last.blame == .account || last.blame == .platform || last.blame == .answer
        else { return Self.late }
        return JobFailure(
            last, "the last attempt failed (\(last.rawValue)), and the deadline passed before another one")
    }

    private func attempt(of job: Job, _ entry: JobQueue.Entry) -> Attempt {
        attempt(
            id: job.id, number: job.attemptsBefore + entry.deliveries, entry, channel: job.shim, deadline: job.deadline)
    }

    private func attempt(
        id: String, number: Int, _ entry: JobQueue.Entry, channel: String?, deadline: Int64 = 0
    ) -> Attempt {
        Attempt(
            id: id, lane: entry.lane, worker: worker, entry: entry.entry, number: number,
            deliveries: entry.deliveries, deadline: deadline, channel: channel.map(queue.keys.shimChannel) ?? "")
    }

    private func setAside(_ entry: JobQueue.Entry, _ error: JobWireError) async throws(RedisError) {
        switch error {
        case .newerVersion(let id, let deadline, let attemptsBefore, let channel):
            let attempt = attempt(
                id: id, number: attemptsBefore + entry.deliveries, entry, channel: channel, deadline: deadline)
            guard deadline > clock.now else {
                let verdict = try await queue.refuse(
                    attempt, attemptsBefore: attemptsBefore, with: Self.late, isTracked: entry.isTracked)
                if verdict == .ok { metrics.jobEnded(in: entry.lane, nil, .expired) }
                return
            }
            _ = try await queue.postpone(attempt, due: clock.now + Self.newerVersionDelay.milliseconds)
        case .undecodable(let id, let channel, let reason):
            logger.warning(
                "undecodable queue entry", metadata: [LogKey.entry: "\(entry.entry)", LogKey.reason: "\(reason)"])
            guard let id else {
                try await queue.bury(entry, worker: worker, reason: reason)
                return metrics.jobEnded(in: entry.lane, nil, .dead)
            }
            let attempt = attempt(id: id, number: entry.deliveries, entry, channel: channel)
            let failure = JobFailure(.undecodable, "the queue entry cannot be read: \(reason)")
            let verdict = try await queue.refuse(
                attempt, attemptsBefore: 0, with: failure, isTracked: entry.isTracked, deadLetter: reason)
            if verdict == .ok { metrics.jobEnded(in: entry.lane, nil, .dead) }
        }
    }
}
