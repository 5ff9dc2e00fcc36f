import Synchronization

/// Whether this worker takes jobs: off while it starts, while Redis is away and from the first moment of a shutdown.
final class Readiness: Sendable {
    private struct State {
        var isStopping = false
        var redisIsUp = false
        /// Why this Redis must not be used, in words for people.
        var complaint: String?
    }

    private let state = Mutex(State())

    init() {}

    func stop() { state.withLock { $0.isStopping = true } }
    func redis(isUp: Bool) { state.withLock { $0.redisIsUp = isUp } }
    func complain(_ complaint: String?) { state.withLock { $0.complaint = complaint } }

    /// `nil` if ready, else the reason.
    var problem: String? {
        state.withLock { state in
            if state.isStopping { return "shutting down" }
            if !state.redisIsUp { return "Redis is not connected" }
            return state.complaint
        }
    }
}
