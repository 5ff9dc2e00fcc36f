import Synchronization

/// State behind a lock, for whose changes one task waits.
///
/// Exactly one change resumes the waiter: the one that takes it out of the lock. The waiter looks at the state again
/// when it wakes, since others may have changed it meanwhile.
package final class WatchedState<State: Sendable>: Sendable {
    private struct Guarded {
        var state: State
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let guarded: Mutex<Guarded>

    package init(_ state: State) { guarded = Mutex(Guarded(state: state)) }

    /// Reads or changes the state without waking the waiter.
    package func withLock<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        guarded.withLock { body(&$0.state) }
    }

    /// Changes the state, and wakes the waiter where `body` returns `true`.
    ///
    /// Returns the same.
    @discardableResult
    package func change(_ body: (inout State) -> Bool) -> Bool {
        let (wakes, waiter) = guarded.withLock { guarded -> (Bool, CheckedContinuation<Void, Never>?) in
            guard body(&guarded.state) else { return (false, nil) }
            defer { guarded.waiter = nil }
            return (true, guarded.waiter)
        }
        waiter?.resume()
        return wakes
    }

    /// Returns at once where `isReady`, else after the next change that wakes.
    ///
    /// Cancellation does not end the wait: a caller that may be cancelled makes a change in its cancellation handler.
    package func wait(unless isReady: (inout State) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isReady = guarded.withLock { guarded in
                if isReady(&guarded.state) { return true }
                precondition(guarded.waiter == nil, "a state has one waiter at a time")
                guarded.waiter = continuation
                return false
            }
            if isReady { continuation.resume() }
        }
    }
}
