import Synchronization

/// When this worker leaves new entries to others: for a while after it had to hand one back, and while it can use no account.
///
/// So entries that it cannot serve reach a worker that can, and a fleet of workers that cannot does not spin.
final class ClaimRestraint: Sendable {
    private struct State {
        var until = ContinuousClock.now
        var isBlind = false
    }

    private let state = Mutex(State())

    init() {}

    func handedBack(for pause: Duration) { state.withLock { $0.until = max($0.until, .now + pause) } }
    func setBlind(_ isBlind: Bool) { state.withLock { $0.isBlind = isBlind } }
    var isOn: Bool { state.withLock { $0.isBlind || $0.until > .now } }
}
