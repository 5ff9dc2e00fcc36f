import Shared
import Synchronization

/// The jobs that this worker runs now, whose leases are renewed and which can be cancelled.
///
/// Keyed by the job's own cancellation and by nothing that is read: entry IDs are unique in one lane only, two entries
/// of one request may be here at once (a duplicate submit), and so may two deliveries of one entry (a worker that reaps
/// its own).
final class RunningJobs: Sendable {
    private struct Running {
        var attempt: Attempt
        /// The attempt that NEXT was asked for: while its reply is under way, either of the two may be the one that
        /// holds.
        var next: Attempt?
        let cancellation: JobCancellation

        var attempts: [Attempt] { next.map { [attempt, $0] } ?? [attempt] }
    }

    /// A job as it was when Redis was asked about it.
    struct Asked: Sendable {
        fileprivate let job: ObjectIdentifier
        let attempts: [Attempt]
    }

    private struct State {
        var jobs: [ObjectIdentifier: Running] = [:]
        /// Number of jobs with a queue entry of this ID, only to find out quickly that there is none.
        var entries: [String: Int] = [:]
        var stopped: JobCancellation.Reason?
        /// When the last job ended.
        var emptied = ContinuousClock.now
    }

    private let state = Mutex(State())

    init() {}

    var count: Int { state.withLock { $0.jobs.count } }
    /// No job has run for this long.
    func areQuiet(for time: Duration) -> Bool { state.withLock { $0.jobs.isEmpty && $0.emptied + time <= .now } }
    var all: [Asked] { state.withLock { state in state.jobs.map { Asked(job: $0.key, attempts: $0.value.attempts) } } }

    /// From the claim on, so that a job that still waits for Redis is renewed and can be stopped, too.
    func add(_ attempt: Attempt, _ cancellation: JobCancellation) {
        let stopped = state.withLock { state in
            if Ablation.runningKey.isBroken { state.jobs = state.jobs.filter { $1.attempt.entry != attempt.entry } }
            state.jobs[ObjectIdentifier(cancellation)] = Running(attempt: attempt, cancellation: cancellation)
            state.entries[attempt.entry, default: 0] += 1
            return state.stopped
        }
        if let stopped { cancellation.cancel(stopped) }
    }

    /// NEXT is about to be asked for this attempt.
    func expect(_ next: Attempt, of cancellation: JobCancellation) {
        state.withLock { $0.jobs[ObjectIdentifier(cancellation)]?.next = next }
    }

    /// The job goes on with another attempt.
    func replace(_ attempt: Attempt, of cancellation: JobCancellation) {
        state.withLock { state in
            guard state.jobs[ObjectIdentifier(cancellation)] != nil else { return }
            state.jobs[ObjectIdentifier(cancellation)] = Running(attempt: attempt, cancellation: cancellation)
        }
    }

    /// Any number of times.
    func remove(_ cancellation: JobCancellation) {
        state.withLock { state in
            guard let entry = state.jobs.removeValue(forKey: ObjectIdentifier(cancellation))?.attempt.entry else {
                return
            }
            if state.jobs.isEmpty { state.emptied = .now }
            let left = (state.entries[entry] ?? 0) - 1
            state.entries[entry] = left > 0 ? left : nil
        }
    }

    /// This very delivery runs here already.
    ///
    /// A consumer group that was lost and made again delivers once more what is under way, and its count begins at 1
    /// again.
    func isRunning(_ attempt: Attempt) -> Bool {
        state.withLock { state in
            state.entries[attempt.entry] != nil
                && state.jobs.values.contains { $0.attempts.contains { $0.isSameDelivery(as: attempt) } }
        }
    }

    /// Cancels the job unless it has gone on to an attempt that was not asked about, and returns `true` where it was
    /// still here.
    @discardableResult
    func lost(_ asked: Asked) -> Bool {
        let found = state.withLock { state in
            state.jobs[asked.job].flatMap { job in
                job.attempts.allSatisfy(asked.attempts.contains) ? job.cancellation : nil
            }
        }
        found?.cancel(.leaseLost)
        return found != nil
    }

    /// Cancels all jobs of a request whose caller cancelled it.
    func cancel(id: String) {
        let found = state.withLock { state in state.jobs.values.filter { $0.attempt.id == id }.map(\.cancellation) }
        for cancellation in found { cancellation.cancel(.cancelled) }
    }

    /// Cancels all jobs, also those that are added later.
    func cancelAll(_ reason: JobCancellation.Reason) {
        let all = state.withLock { state in
            state.stopped = reason
            return state.jobs.values.map(\.cancellation)
        }
        for cancellation in all { cancellation.cancel(reason) }
    }
}

extension RunningJobs {
    /// Asks which attempts are lost, cancels their jobs and returns them.
    ///
    /// The answer is about the moment of asking: a failover that went on meanwhile is not lost, and a job with a
    /// failover under way is lost only if it holds neither of the two.
    func renewed(
        by renew: ([Attempt]) async throws(RedisError) -> [Attempt]
    ) async throws(RedisError) -> [Attempt] {
        let asked = all
        let lost = Set(try await renew(asked.flatMap(\.attempts)))
        return asked.filter { $0.attempts.allSatisfy(lost.contains) && self.lost($0) }.compactMap(\.attempts.first)
    }
}
