import HTTPTypes
import Shared

/// Tells callers of the jobs API where their request stands.
extension QueuePlace {
    var json: JSON {
        ["position": .int(position), "expected_wait_ms": expectedWait.map { .int(Int($0.milliseconds)) } ?? .null]
    }

    /// Sets `X-Queue-Position` and `X-Queue-Wait`.
    func set(in headers: inout HTTPFields) {
        headers[.xQueuePosition] = "\(position)"
        headers[.xQueueWait] = waitSeconds.map(String.init)
    }
}
