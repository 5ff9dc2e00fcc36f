import Shared

/// An attempt that has its outcome, before anything is decided about it.
final class EndedAttempt: Sendable {
    let run: JobRun
    let record: AttemptRecord
    let outcome: AttemptOutcome
    /// Knows what was written of it.
    let publisher: TokenPublisher

    init(run: JobRun, record: AttemptRecord, outcome: AttemptOutcome, publisher: TokenPublisher) {
        self.run = run
        self.record = record
        self.outcome = outcome
        self.publisher = publisher
    }

    /// Text has reached the log, and so the caller.
    var isShown: Bool { publisher.lastSeq > 0 }
}

/// Outcome of one call to a platform, or of the kept answer in its place.
struct AttemptOutcome: Sendable {
    indirect enum Result: Sendable {
        case completed(ChatCompletionEnd)
        case failed(JobFailure)
        /// The log refused our write: the request was cancelled (`hasEnded`), or another worker runs it.
        case superseded(hasEnded: Bool)
    }

    var result: Result
    /// Our own count of the output so far, for attempts whose platform reports none.
    var countedTokens = 0
    /// The platform's count so far, of an attempt that ended early.
    var reportedUsage: TokenUsage?
    /// Text has reached the log, and so the caller.
    var isShown = false
    /// Milliseconds since 1970.
    var firstVisible: Int64?
    /// The text of a stream once more, where the answer is to be kept.
    var copy: StreamCopy?

    init(_ result: Result) { self.result = result }

    var failure: JobFailure? {
        guard case .failed(let failure) = result else { return nil }
        return failure
    }

    var isCompleted: Bool {
        guard case .completed = result else { return false }
        return true
    }
}
