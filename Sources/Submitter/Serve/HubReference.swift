import Synchronization

/// Joins Redis' connections and the hub, which need each other: a connection tells the hub that the server changed.
final class HubReference: Sendable {
    private let state = Mutex<ReplyHub?>(nil)

    var hub: ReplyHub? {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
