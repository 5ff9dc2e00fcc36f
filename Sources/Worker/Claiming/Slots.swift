import Synchronization

/// The worker's `WORKER_CONCURRENCY`: how many jobs may run at once, shared by claiming and reaping.
final class Slots: Sendable {
    private struct State {
        var free: Int
        var waiter: CheckedContinuation<Void, Never>?
        var isClosed = false
    }

    let total: Int
    private let state: Mutex<State>

    init(_ total: Int) {
        self.total = total
        state = Mutex(State(free: total))
    }

    var free: Int { state.withLock { $0.free } }
    var inUse: Int { total - free }

    /// Takes up to `count` slots without waiting; returns how many: none once the worker stops claiming.
    ///
    /// Leaves `leaving` of them, as far as there are more.
    func take(upTo count: Int, leaving: Int = 0) -> Int {
        state.withLock { state in
            guard !state.isClosed else { return 0 }
            let taken = min(count, max(0, state.free - min(leaving, total - 1)))
            state.free -= taken
            return taken
        }
    }

    func giveBack(_ count: Int) {
        guard count > 0 else { return }
        let waiter = state.withLock { state in
            state.free += count
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns when a slot is free, or after `close`; one waiter at a time, the claim loop.
    func waitForFree() async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.free > 0 || state.isClosed { return true }
                state.waiter = continuation
                return false
            }
            if isReady { continuation.resume() }
        }
    }

    /// Wakes the waiter for good: the worker stops claiming.
    func close() {
        let waiter = state.withLock { state in
            state.isClosed = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
