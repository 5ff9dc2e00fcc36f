import Synchronization

/// Says whether this worker takes jobs: not while it starts, while Redis is away, or from the first moment of a
/// shutdown.
final class Readiness: Sendable {
    private struct State {
        var isStopping = false
        /// By shard: true while its server is connected.
        var isUp: [Int: Bool] = [:]
        /// By shard: the reason for which its server must not be used, in words for people.
        var complaints: [Int: String] = [:]
        /// Names the accounts whose keys cannot be opened.
        var keys: String?
    }

    private let state = Mutex(State())

    /// Not ready before each shard's server was connected.
    init(shards: Int = 1) { state.withLock { state in for shard in 0..<shards { state.isUp[shard] = false } } }

    func stop() { state.withLock { $0.isStopping = true } }
    func redis(isUp: Bool, shard: Int = 0) { state.withLock { $0.isUp[shard] = isUp } }
    func keys(_ problem: String?) { state.withLock { $0.keys = problem } }
    func complain(_ complaint: String?, shard: Int = 0) { state.withLock { $0.complaints[shard] = complaint } }

    /// `nil` if ready, else the reason.
    var problem: String? {
        state.withLock { state in
            if state.isStopping { return "shutting down" }
            if let shard = state.isUp.filter({ !$0.value }).keys.min() {
                return state.isUp.count == 1 ? "Redis is not connected" : "Redis of shard \(shard) is not connected"
            }
            return state.complaints.min { $0.key < $1.key }?.value ?? state.keys
        }
    }
}
