import Shared

/// The end of a request, as `aims_jobs_total` counts it.
enum JobOutcome: String, Sendable {
    case completed
    /// The answer was cut off, by its length or by a filter.
    case incomplete
    case failed, cancelled
    /// The deadline passed.
    case expired
    /// It is a dead letter now.
    case dead

    /// `nil` where the request goes on elsewhere, or was ended by somebody else.
    ///
    /// `verdict` is `nil` where the attempt was aborted.
    init?(_ record: AttemptRecord, _ verdict: JobQueue.Finish?) {
        switch (verdict, record.status) {
        // Whoever cancels a request writes its end, and finds no worker that counts it.
        case (.ended, _), (nil, .cancelled), (.ok, .cancelled): self = .cancelled
        case (.ok, .done): self = ["length", "content_filter"].contains(record.finishReason) ? .incomplete : .completed
        case (.ok, .error), (.ok, .lost): self = JobOutcome(record.errorKind)
        case (.behind, _), (.fenced, _), (nil, _): return nil
        }
    }

    init(_ failure: JobFailure.Kind?) {
        switch failure {
        case .deadlineExceeded: self = .expired
        case .poison, .undecodable: self = .dead
        default: self = .failed
        }
    }
}
