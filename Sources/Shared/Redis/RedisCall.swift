import Synchronization

/// One caller waiting for the replies to one or more commands.
///
/// It is resumed exactly once, whatever happens first.
///
/// Replies are added on the event loop. Time-outs, lost connections and cancellation come from anywhere.
final class RedisCall: Sendable {
    typealias Answer = Result<[RedisValue], RedisError>

    private enum State {
        case idle([RedisValue])
        case waiting([RedisValue], CheckedContinuation<Answer, Never>)
        case done(Answer)
        case over
    }

    let expected: Int
    let deadline: ContinuousClock.Instant
    private let state: Mutex<State>

    init(expected: Int, deadline: ContinuousClock.Instant) {
        self.expected = expected
        self.deadline = deadline
        state = Mutex(.idle([]))
    }

    func wait() async -> Answer {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Answer? in
                    switch state {
                    case .idle(let replies): state = .waiting(replies, continuation)
                    case .done(let answer):
                        state = .over
                        return answer
                    case .waiting, .over: preconditionFailure("a call has one waiter")
                    }
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            complete(.failure(RedisError(.cancelled, "the caller was cancelled")))
        }
    }

    /// True when nobody waits for an answer any more.
    var isOver: Bool {
        state.withLock { state in
            switch state {
            case .idle, .waiting: false
            case .done, .over: true
            }
        }
    }

    /// Adds the next reply, unless the caller is gone.
    func add(_ reply: RedisValue) {
        let resume = state.withLock { state -> (() -> Void)? in
            switch state {
            case .idle(var replies):
                state = .over
                replies.append(reply)
                state = replies.count == expected ? .done(.success(replies)) : .idle(replies)
            case .waiting(var replies, let continuation):
                state = .over
                replies.append(reply)
                if replies.count == expected { return { continuation.resume(returning: .success(replies)) } }
                state = .waiting(replies, continuation)
            case .done, .over: break
            }
            return nil
        }
        resume?()
    }

    /// Ends the call unless it has ended.
    func complete(_ answer: Answer) {
        let waiting = state.withLock { state -> CheckedContinuation<Answer, Never>? in
            switch state {
            case .idle:
                state = .done(answer)
                return nil
            case .waiting(_, let continuation):
                state = .over
                return continuation
            case .done, .over:
                return nil
            }
        }
        waiting?.resume(returning: answer)
    }
}
