import Synchronization

/// Whether this worker takes jobs: off while it starts, while Redis is away and from the first moment of a shutdown.
package final class Readiness: Sendable {
    private struct State {
        var isStopping = false
        var redisIsUp = false
        /// Why this Redis must not be used, in words for people.
        var complaint: String?
    }

    private let state = Mutex(State())

    package init() {}

    package func stop() { state.withLock { $0.isStopping = true } }
    package func redis(isUp: Bool) { state.withLock { $0.redisIsUp = isUp } }
    package func complain(_ complaint: String?) { state.withLock { $0.complaint = complaint } }

    /// `nil` if ready, else the reason.
    package var problem: String? {
        state.withLock { state in
            if state.isStopping { return "shutting down" }
            if !state.redisIsUp { return "Redis is not connected" }
            return state.complaint
        }
    }
}
