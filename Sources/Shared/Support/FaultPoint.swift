#if FAULT_INJECTION
    import Synchronization

    #if canImport(FoundationEssentials)
        import FoundationEssentials
    #else
        import Foundation
    #endif
    #if canImport(Glibc)
        import Glibc
    #endif
#endif

/// Moments at which the fault suite ends or stops a worker, as if its machine had gone (`docs/fault-suite.md`).
///
/// `FAULT_POINT=<name>:<nth>` in the environment kills the process by SIGKILL when it comes to that point for the n-th
/// time. `FAULT_POINT=<name>:<nth>:stop` stops it until SIGCONT. Only debug builds know them (`FAULT_INJECTION` in
/// `Package.swift`), and in others `reached` does nothing.
package enum FaultPoint: String, Sendable, CaseIterable {
    /// An entry was read from its lane, and nothing is started.
    case claimed
    /// The log says that an attempt runs, and the platform was not called.
    case started
    /// The platform has answered a streamed call with its head.
    case accepted
    /// A delta is in the log.
    case streaming
    /// The platform's answer is whole, or the call has failed, and nothing was decided.
    case answered
    /// FINISH is about to be sent.
    case finishing
    /// FINISH was done.
    case finished
    /// RETRY LATER is about to be sent.
    case retrying
    /// RENEW is about to be sent, for at least one job.
    case renewing
    /// RENEW was done.
    case renewed
    /// An expired entry was taken over and read, and REAP has not been asked.
    case reaping
    /// PostgreSQL has committed ledger rows, which are not acknowledged.
    case committed

    package func reached() {
        #if FAULT_INJECTION
            guard let plan = Self.plan, plan.point == self else { return }
            let count = Self.count.withLock { count in
                count += 1
                return count
            }
            if count == plan.nth { _ = kill(getpid(), plan.signal) }
        #endif
    }

    #if FAULT_INJECTION
        private static let count = Mutex(0)
        private static let plan: (point: FaultPoint, nth: Int, signal: Int32)? = {
            let words = (ProcessInfo.processInfo.environment["FAULT_POINT"] ?? "").split(separator: ":").map(
                String.init)
            guard words.count >= 2, let point = FaultPoint(rawValue: words[0]), let nth = Int(words[1]) else {
                return nil
            }
            return (point, nth, words.last == "stop" ? SIGSTOP : SIGKILL)
        }()
    #endif
}
