/// A value that one caller waits for.
///
/// The caller is resumed exactly once, by whatever comes first: the value, a time-out or its cancellation.
final class PostgresReply<Value: Sendable>: Sendable {
    typealias Answer = Result<Value, PostgresError>

    private let answer = WatchedState(Answer?.none)

    func wait() async throws(PostgresError) -> Value {
        await withTaskCancellationHandler {
            await answer.wait { $0 != nil }
        } onCancel: {
            complete(.failure(PostgresError(.cancelled, "the caller was cancelled")))
        }
        guard let answer = answer.withLock({ $0 }) else { preconditionFailure("only an answer ends the wait") }
        return try answer.get()
    }

    /// Returns true when the caller gets this answer, and false when it has another one already.
    @discardableResult
    func complete(_ answer: Answer) -> Bool {
        self.answer.change { known in
            guard known == nil else { return false }
            known = answer
            return true
        }
    }
}
