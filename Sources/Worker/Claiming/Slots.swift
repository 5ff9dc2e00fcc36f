import Shared
import Synchronization

/// Counts the jobs that may run at once (`WORKER_CONCURRENCY`), shared by claiming and reaping.
///
/// Reaping may go beyond it: then none is free, and nothing new is claimed, until as many have been given back.
final class Slots: Sendable {
    private struct State {
        /// Below 0 while reaping is beyond.
        var free: Int
        var batch = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
        var isClosed = false
    }

    let total: Int
    /// Slots that the `batch` lane may hold.
    private let mostBatch: Int
    private let state: Mutex<State>

    /// `headroom` is the share of the slots that the `batch` lane leaves free, at least one where there are two.
    init(_ total: Int, headroom: Double = 0) {
        self.total = total
        let spare = headroom > 0 ? max(1, Int((Double(total) * headroom).rounded(.up))) : 0
        mostBatch = max(1, total - spare)
        state = Mutex(State(free: total))
    }

    var free: Int { state.withLock { $0.free } }
    var inUse: Int { total - free }
    /// Slots that new entries of the `batch` lane may take.
    var batchRoom: Int { state.withLock { max(0, mostBatch - $0.batch) } }

    /// A job of this lane begins in a slot that was taken for it.
    func began(_ lane: Lane) {
        if lane == .batch { state.withLock { $0.batch += 1 } }
    }

    /// The job has ended, and its slot is free again.
    func ended(_ lane: Lane) {
        if lane == .batch { state.withLock { $0.batch -= 1 } }
        giveBack(1)
    }

    /// Takes up to `count` slots without waiting, and returns how many: none once the worker stops claiming.
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

    /// Takes up to `count` slots, whether they are free or not, as long as no more than `overdraft` are missing.
    ///
    /// For jobs of dead workers, which must not wait behind new ones.
    func take(upTo count: Int, overdraft: Int) -> Int {
        state.withLock { state in
            guard !state.isClosed else { return 0 }
            let taken = max(0, min(count, state.free + overdraft))
            state.free -= taken
            return taken
        }
    }

    func giveBack(_ count: Int) {
        guard count > 0 else { return }
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.free += count
            guard state.free > 0 else { return [] }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns when a slot is free, or after `close`.
    ///
    /// The waiter, the claim loop of a shard, is then as likely as any other to get it.
    func waitForFree() async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.free > 0 || state.isClosed { return true }
                state.waiters.append(continuation)
                return false
            }
            if isReady { continuation.resume() }
        }
    }

    /// Wakes all waiters for good: the worker stops claiming.
    func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
