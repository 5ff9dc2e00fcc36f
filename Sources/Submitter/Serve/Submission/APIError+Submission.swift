import HTTPTypes
import Shared

/// The refusals of a submission.
extension APIError {
    static let idempotencyConflict = APIError(
        .unprocessableContent, .invalidRequest, code: "idempotency_conflict",
        "The Idempotency-Key was used with another request body.", param: "Idempotency-Key")
    static let cancelled = APIError(
        .clientClosedRequest, .invalidRequest, code: "cancelled", "The request was cancelled.")
    static let stopping = APIError(
        .serviceUnavailable, .server, code: "shutting_down", "This server is shutting down.", retryAfter: .seconds(1))

    static func tooManyOpen(_ limit: Int) -> APIError {
        APIError(
            .serviceUnavailable, .server, code: "too_many_open_requests",
            "This server has \(limit) open requests, which is its limit.", retryAfter: .seconds(1))
    }

    /// A caller that sends the request again with its key reaches the same job.
    static func notReplicated(_ id: String, _ replicas: Int) -> APIError {
        APIError(
            .serviceUnavailable, .server, code: "not_replicated",
            "The request is queued as \(id), but fewer than \(replicas) replicas have it: it may be lost with the primary.",
            retryAfter: .seconds(2)
        ).about(job: id)
    }

    /// `job` is the one that may have been accepted without an answer.
    static func notSubmitted(_ error: RedisError, _ job: String?, isKeyed: Bool) -> APIError {
        if error.code == .cancelled { return job.map { cancelled.about(job: $0) } ?? cancelled }
        var refusal = APIError(
            .serviceUnavailable, .server, code: error.prefix == "OOM" ? "queue_full" : "queue_unavailable",
            "The queue cannot take the request at the moment; nothing was accepted.", retryAfter: .seconds(2))
        guard let job else { return refusal }
        refusal.message =
            "The queue did not answer in time; the request may have been accepted as job \(job)"
            + (isKeyed ? ": look there, or send it again with the same Idempotency-Key." : ", and is being cancelled.")
        return refusal.about(job: job)
    }
}
