import Synchronization

/// Closed while this worker leaves new entries to others: for a while after it had to hand one back, and while it can
/// use no account.
///
/// So entries that it cannot serve reach a worker that can, and a fleet of workers that cannot does not spin.
final class ClaimGate: Sendable {
    private struct State {
        var until = ContinuousClock.now
        var isKeyless = false
    }

    private let state = Mutex(State())

    init() {}

    func close(for pause: Duration) { state.withLock { $0.until = max($0.until, .now + pause) } }
    func setKeyless(_ isKeyless: Bool) { state.withLock { $0.isKeyless = isKeyless } }
    var isClosed: Bool { state.withLock { $0.isKeyless || $0.until > .now } }
}
