import Shared

/// A notice for a caller whose request has not begun.
enum WaitingNotice: Sendable, Equatable {
    case place(QueuePlace)
    case noWorker

    /// The text of a stream's comment.
    var comment: String {
        switch self {
        case .place(let place): place.comment
        case .noWorker: "no worker is alive"
        }
    }
}

extension QueuePlace {
    /// Whole seconds, rounded up, so that a caller that comes back then does not come too early.
    var waitSeconds: Int64? { expectedWait.map { ($0.milliseconds + 999) / 1000 } }

    /// `queue position=3 wait=12`.
    var comment: String { "queue position=\(position)" + (waitSeconds.map { " wait=\($0)" } ?? "") }
}
