import Shared
import Synchronization

/// The jobs this worker runs now: whose lease to renew, whom to interrupt.
///
/// Keyed by queue entry, since two entries of one request may be here at once for a moment (a duplicate submit).
final class RunningJobs: Sendable {
    private struct Running {
        var attempt: Attempt
        let interrupt: Interrupt
    }

    private let running = Mutex<[String: Running]>([:])

    init() {}

    var count: Int { running.withLock { $0.count } }
    var attempts: [Attempt] { running.withLock { $0.values.map(\.attempt) } }

    func add(_ attempt: Attempt, _ interrupt: Interrupt) {
        running.withLock { $0[attempt.entry] = Running(attempt: attempt, interrupt: interrupt) }
    }

    /// The same job goes on with another attempt (failover).
    func replace(_ attempt: Attempt) {
        running.withLock { $0[attempt.entry]?.attempt = attempt }
    }

    func remove(_ attempt: Attempt) {
        running.withLock { _ = $0.removeValue(forKey: attempt.entry) }
    }

    /// Interrupts the job if it still runs this very attempt (its lease may have been lost and won again meanwhile).
    func interrupt(_ attempt: Attempt, _ reason: Interrupt.Reason) {
        let found = running.withLock { jobs in
            jobs[attempt.entry].flatMap { $0.attempt == attempt ? $0.interrupt : nil }
        }
        found?.raise(reason)
    }

    func interrupt(id: String, _ reason: Interrupt.Reason) {
        let found = running.withLock { jobs in jobs.values.filter { $0.attempt.id == id }.map(\.interrupt) }
        for interrupt in found { interrupt.raise(reason) }
    }

    func interruptAll(_ reason: Interrupt.Reason) {
        let all = running.withLock { jobs in jobs.values.map(\.interrupt) }
        for interrupt in all { interrupt.raise(reason) }
    }
}
