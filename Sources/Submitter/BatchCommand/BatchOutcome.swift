import ArgumentParser
import Shared

/// The end of a command that follows a batch, and its exit code (pure).
enum BatchOutcome: Equatable {
    case ended(JournalEnd)
    /// By Ctrl-C: nothing is in the queue any more.
    case drained

    /// 0 all lines have an answer, 2 some failed, 3 refused, 4 stopped by deadline or budget, 130 interrupted, 1 else.
    var exitCode: Int32 {
        switch self {
        case .ended(let end): end.exitCode
        case .drained: 130
        }
    }

    static let codes = """
        Exit codes: 0 every line has an answer, 1 failed or cancelled, 2 some lines failed, 3 wrong input, files or \
        settings, 4 the deadline or the budget stopped it, 64 wrong arguments, 130 interrupted.
        """
}

extension JournalEnd {
    init(_ batch: Batch) {
        self.init(
            status: batch.status, halt: batch.halt, succeeded: batch.counts.succeeded, failed: batch.counts.failed,
            round: batch.round)
    }

    var exitCode: Int32 {
        switch (status, halt) {
        case (.failed, _): 3
        case (_, .expired), (_, .budget), (.expired, _): 4
        case (.cancelled, _), (_, .cancelled): 1
        default: failed > 0 ? 2 : 0
        }
    }
}
