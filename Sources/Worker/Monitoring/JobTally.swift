import Shared
import Synchronization

/// Counts the jobs that ended here, for the worker's card.
final class JobTally: Sendable {
    private let answered = Atomic<Int>(0)
    private let refused = Atomic<Int>(0)

    init() {}

    var done: Int { answered.load(ordering: .relaxed) }
    /// Ended with an error that is not the caller's.
    var failed: Int { refused.load(ordering: .relaxed) }

    func ended(_ record: AttemptRecord) {
        switch record.status {
        case .done: answered.add(1, ordering: .relaxed)
        case .error where !Self.isCallers(record.errorKind): refused.add(1, ordering: .relaxed)
        case .error, .cancelled, .lost: break
        }
    }

    private static func isCallers(_ kind: JobFailure.Kind?) -> Bool {
        switch kind {
        case .invalidRequest, .unsupportedParameter, .contentFiltered, .contextTooLong, .modelNotFound, .cancelled,
            .undecodable:
            true
        case nil, .authentication, .quotaExhausted, .rateLimited, .overloaded, .serverError, .network, .timeout,
            .streamBroken, .unreadableAnswer, .noCapacity, .workerLost, .workerShutdown, .deadlineExceeded, .poison,
            .internal:
            false
        }
    }
}
