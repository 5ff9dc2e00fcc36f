/// The reason why a job, or one attempt of it, gave no answer.
///
/// `message` is safe to show to the caller and to log: it never contains a prompt, an answer, a key or a URL query.
package struct JobFailure: Error, Sendable, Equatable {
    /// The closed list that `FailurePolicy`, the ledger (`error_kind`) and metric labels share.
    ///
    /// Raw values are wire names.
    package enum Kind: String, Sendable, CaseIterable {
        // Caused by the request: returned to the caller, never retried, and not held against the account.
        case invalidRequest = "invalid_request"
        case unsupportedParameter = "unsupported_parameter"
        case contentFiltered = "content_filtered"
        case contextTooLong = "context_too_long"
        case modelNotFound = "model_not_found"
        /// The caller's tenant or user has spent what it may.
        case budgetExhausted = "budget_exhausted"
        // Caused by the account: another account may serve the request.
        case authentication
        case quotaExhausted = "quota_exhausted"
        case rateLimited = "rate_limited"
        // Caused by the platform or the network.
        case overloaded
        case serverError = "server_error"
        case network
        case timeout
        case streamBroken = "stream_broken"
        /// A success without an answer that anybody can read. The platform has most likely been paid for it.
        case unreadableAnswer = "unreadable_answer"
        // Caused by this service.
        case noCapacity = "no_capacity"
        case workerLost = "worker_lost"
        case workerShutdown = "worker_shutdown"
        case deadlineExceeded = "deadline_exceeded"
        case cancelled
        case poison
        case undecodable
        case `internal`
    }

    /// The code of an answer that is a web page, which is the account's fault and not the answer's.
    package static let webPageCode = "web_page"

    package var kind: Kind
    package var message: String
    /// The request field at fault, as in `messages[2].role`.
    package var param: String?
    /// The platform's own code, or ours where it says more than `kind`.
    package var code: String?
    /// The HTTP status the platform answered with, `nil` if it never answered.
    package var upstreamStatus: Int?
    /// The time that the platform asks us to stay away, which may be longer than a connection would live.
    package var retryAfter: Duration?
    /// The platform says that asking again is useless.
    ///
    /// Its account is left alone, and another may be tried.
    package var isFinal = false
    /// The platform's count for an answer that came whole and was refused here, or `nil` where there was none.
    package var paid: TokenUsage?

    package init(
        _ kind: Kind, _ message: String, param: String? = nil, code: String? = nil, upstreamStatus: Int? = nil,
        retryAfter: Duration? = nil
    ) {
        self.kind = kind
        self.message = message
        self.param = param
        self.code = code
        self.upstreamStatus = upstreamStatus
        self.retryAfter = retryAfter
    }
}
