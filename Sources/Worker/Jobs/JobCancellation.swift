import Synchronization

/// Stops one running job from outside: the caller cancelled it, its lease was lost, or the worker shuts down.
///
/// Only waiting for a platform can be interrupted. Writes to the queue always run to their verdict, so that a job is
/// never left half written. This file holds the one unstructured `Task` of the worker: it is awaited where it is made.
final class JobCancellation: Sendable {
    enum Reason: Sendable, Equatable {
        case cancelled, leaseLost, shutdown
    }

    private struct State {
        var reason: Reason?
        var stop: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    init() {}

    var reason: Reason? { state.withLock { $0.reason } }

    /// The first reason stays, and `stop` is called at most once per wait.
    func cancel(_ reason: Reason) {
        let stop = state.withLock { state in
            guard state.reason == nil else { return nil as (@Sendable () -> Void)? }
            state.reason = reason
            return state.stop
        }
        stop?()
    }

    /// Runs `operation` so that `cancel` cancels it, and throws whatever the cancelled operation throws.
    func stopping<Value: Sendable>(
        _ operation: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let task = Task { try await operation() }
        arm { task.cancel() }
        defer { disarm() }
        return try await task.value
    }

    /// Has `stop` called when the job is cancelled, at once if it was before.
    func arm(_ stop: @escaping @Sendable () -> Void) {
        let isRaised = state.withLock { state in
            state.stop = stop
            return state.reason != nil
        }
        if isRaised { stop() }
    }

    func disarm() { state.withLock { $0.stop = nil } }
}
