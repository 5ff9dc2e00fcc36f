import Shared

/// How an attempt went, before anything is decided about it.
package struct AttemptOutcome: Sendable {
    package enum Result: Sendable {
        case completed(ChatCompletionEnd)
        case failed(JobFailure)
        /// The log refused our write: the request was cancelled (`hasEnded`), or somebody else runs it.
        case superseded(hasEnded: Bool)
    }

    package var result: Result
    /// Our own count of the output so far, for attempts whose platform reports none.
    package var countedTokens = 0
    /// Text has reached the log, and so the caller.
    package var isShown = false
    /// Milliseconds since 1970.
    package var firstVisible: Int64?

    package init(_ result: Result) { self.result = result }

    package var failure: JobFailure? {
        guard case .failed(let failure) = result else { return nil }
        return failure
    }

    package var isCompleted: Bool {
        guard case .completed = result else { return false }
        return true
    }
}
