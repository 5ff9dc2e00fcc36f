import Synchronization

/// A value that one caller waits for.
///
/// The caller is resumed exactly once, by whatever comes first: the value, a time-out or its cancellation.
final class PostgresReply<Value: Sendable>: Sendable {
    typealias Answer = Result<Value, PostgresError>

    private enum State {
        case idle
        case waiting(CheckedContinuation<Answer, Never>)
        case done(Answer)
        case over
    }

    private let state = Mutex(State.idle)

    func wait() async throws(PostgresError) -> Value {
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Answer? in
                    guard case .done(let answer) = state else {
                        state = .waiting(continuation)
                        return nil
                    }
                    state = .over
                    return answer
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            complete(.failure(PostgresError(.cancelled, "the caller was cancelled")))
        }
        return try answer.get()
    }

    /// Returns whether the caller gets this answer: `false` where it has another one already.
    @discardableResult
    func complete(_ answer: Answer) -> Bool {
        let (isFirst, waiting) = state.withLock { state -> (Bool, CheckedContinuation<Answer, Never>?) in
            switch state {
            case .idle:
                state = .done(answer)
                return (true, nil)
            case .waiting(let continuation):
                state = .over
                return (true, continuation)
            case .done, .over:
                return (false, nil)
            }
        }
        waiting?.resume(returning: answer)
        return isFirst
    }
}
