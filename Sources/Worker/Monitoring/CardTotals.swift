import Shared

extension WorkerCard.Totals {
    mutating func addAttempt(_ record: AttemptRecord) {
        attempts += 1
        if record.status == .error { failed += 1 }
        inputTokens = inputTokens.addingClamped(record.usage.input)
        outputTokens = outputTokens.addingClamped(record.usage.output)
    }

    /// Adds a request whose last attempt this was.
    mutating func addEnd(_ record: AttemptRecord) {
        switch record.status {
        case .done: done += 1
        case .error where !Self.isCallers(record.errorKind): errors += 1
        case .error, .cancelled, .lost: break
        }
    }

    private static func isCallers(_ kind: JobFailure.Kind?) -> Bool {
        switch kind {
        case .invalidRequest, .unsupportedParameter, .contentFiltered, .contextTooLong, .modelNotFound,
            .budgetExhausted, .cancelled, .undecodable:
            true
        case nil, .authentication, .quotaExhausted, .rateLimited, .overloaded, .serverError, .network, .timeout,
            .streamBroken, .unreadableAnswer, .noCapacity, .workerLost, .workerShutdown, .deadlineExceeded, .poison,
            .internal:
            false
        }
    }
}
