import Shared
import Synchronization

/// Counts the times that a person asked a command to end, and wakes it.
final class Interrupts: Sendable {
    private struct State {
        var count = 0
        var timer: EventLoopTimer?
        var batch: String?
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.count } }

    /// The batch that is followed.
    ///
    /// Until there is one, the first interrupt ends the command.
    var batch: String? {
        get { state.withLock { $0.batch } }
        set { state.withLock { $0.batch = newValue } }
    }

    /// Waits, at most until the next interrupt, or until this task is cancelled.
    func wait(_ duration: Duration) async {
        let timer = EventLoopTimer()
        state.withLock { $0.timer = timer }
        await withTaskCancellationHandler {
            await timer.wait(duration)
        } onCancel: {
            timer.stop()
        }
    }

    /// Runs `work`, which an interrupt ends: the first while there is no batch, the second where there is one.
    ///
    /// Returns `nil` where `work` was ended so.
    func run<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value? {
        try await Interrupt.race(endsWork, work)
    }

    private func endsWork() -> Bool {
        let (state, timer) = state.withLock { state in
            state.count += 1
            return (state, state.timer)
        }
        timer?.stop()
        return state.batch == nil || state.count > 1
    }
}
