import HTTPTypes
import Shared

/// How callers are told where their request stands.
extension QueuePlace {
    /// Whole seconds, rounded up: a caller that comes back then does not come too early.
    private var waitSeconds: Int64? { expectedWait.map { ($0.milliseconds + 999) / 1000 } }

    /// For streams: `queue position=3 wait=12`.
    var comment: String { "queue position=\(position)" + (waitSeconds.map { " wait=\($0)" } ?? "") }

    /// For reports of jobs.
    var json: JSON {
        ["position": .int(position), "expected_wait_ms": expectedWait.map { .int(Int($0.milliseconds)) } ?? .null]
    }

    /// `X-Queue-Position` and `X-Queue-Wait`.
    func set(in headers: inout HTTPFields) {
        headers[.xQueuePosition] = "\(position)"
        headers[.xQueueWait] = waitSeconds.map(String.init)
    }
}
