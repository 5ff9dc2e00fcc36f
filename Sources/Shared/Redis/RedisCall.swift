/// One caller waiting for the replies to one or more commands.
///
/// It is resumed exactly once, whatever happens first. Replies are added on the event loop. Time-outs, lost connections
/// and cancellation come from anywhere.
final class RedisCall: Sendable {
    typealias Answer = Result<[RedisValue], RedisError>

    private struct State {
        var replies: [RedisValue] = []
        var answer: Answer?
    }

    let expected: Int
    let deadline: ContinuousClock.Instant
    private let state = WatchedState(State())

    init(expected: Int, deadline: ContinuousClock.Instant) {
        self.expected = expected
        self.deadline = deadline
    }

    func wait() async -> Answer {
        await withTaskCancellationHandler {
            await state.wait { $0.answer != nil }
        } onCancel: {
            complete(.failure(RedisError(.cancelled, "the caller was cancelled")))
        }
        guard let answer = state.withLock({ $0.answer }) else { preconditionFailure("only an answer ends the wait") }
        return answer
    }

    /// True when nobody waits for an answer any more.
    var isOver: Bool { state.withLock { $0.answer != nil } }

    /// Adds the next reply, unless the caller is gone.
    func add(_ reply: RedisValue) {
        state.change { state in
            guard state.answer == nil else { return false }
            state.replies.append(reply)
            guard state.replies.count == expected else { return false }
            state.answer = .success(state.replies)
            return true
        }
    }

    /// Ends the call unless it has ended.
    func complete(_ answer: Answer) {
        state.change { state in
            guard state.answer == nil else { return false }
            state.answer = answer
            return true
        }
    }
}
