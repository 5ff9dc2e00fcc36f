/// Maps DashScope's errors to failures: by `code`, then by words, then by the status.
///
/// In: `{code, message, request_id}` of a refused request, of a 200 or of an `error` event, and the real status where
/// it is known. Out: a `JobFailure` with a safe message. Codes are those that Alibaba documents, as of November 2026.
import Shared

enum DashScopeFailure {
    /// Chosen: limits count one minute, of which half is over on average.
    ///
    /// A key that comes back too early is refused once more without cost. One that stays away for the whole minute
    /// wastes the rest of it.
    private static let coolDown = Duration.seconds(15)
    /// Chosen: these limits watch how fast the rate rises from second to second.
    private static let burstCoolDown = Duration.seconds(10)

    static let rules = FailureRules([
        .codes("Arrearage", "AllocationQuota.FreeTierOnly", kind: .quotaExhausted),
        .codes("CommodityNotPurchased", "PrepaidBillOverdue", "PostpaidBillOverdue", kind: .quotaExhausted),
        .codes("Throttling.BurstRate", "limit_burst_rate", kind: .rateLimited, coolDown: burstCoolDown),
        // A limit of tokens per minute. Despite the second name the balance is not meant.
        .codes("Throttling.AllocationQuota", "insufficient_quota", kind: .rateLimited, coolDown: coolDown),
        .codes("Throttling", "Throttling.*", "limit_requests", kind: .rateLimited, coolDown: coolDown),
        .codes("InvalidApiKey", "invalid_api_key", kind: .authentication),
        .codes("AccessDenied", "AccessDenied.*", "Model.AccessDenied", kind: .authentication),
        .codes("Workspace.AccessDenied", "access_denied", kind: .authentication),
        .codes("DataInspectionFailed", "data_inspection_failed", kind: .contentFiltered),
        .codes("BadRequest.TooLarge", kind: .contextTooLong),
        .words("range of input length", "message token length exceed", kind: .contextTooLong),
        .words("maximum context length", kind: .contextTooLong),
        .codes("ModelNotFound", "model_not_found", kind: .modelNotFound),
        .words("model not exist", kind: .modelNotFound),
        .codes("RequestTimeOut", "InternalError.Timeout", kind: .timeout),
        .codes("ModelServingError", "ModelUnavailable", kind: .overloaded),
        .codes("InternalError", "InternalError.*", "internal_error", kind: .serverError),
        .codes("InvalidParameter", "InvalidParameter.*", "BadRequest.*", kind: .invalidRequest),
        .codes("InvalidURL", "UnsupportedOperation", kind: .invalidRequest),
        .codes("invalid_parameter_error", "invalid_request_error", kind: .invalidRequest),
        FailureRule(statuses: 429...429, kind: .rateLimited, coolDown: coolDown),
    ])

    static func failure(_ response: UpstreamResponse) -> JobFailure {
        var error = UpstreamError(openAI: ErrorBody.json(response.body))
        error.note(response)
        return failure(error)
    }

    /// `nil` where a body with status 200 reports no error.
    ///
    /// One with a `code` does.
    static func inside(_ body: JSON?) -> JobFailure? { body.flatMap { UpstreamError(inside: $0) }.map(failure) }

    /// The same for an event.
    static func inside(_ event: SSEEvent, _ body: JSON) -> JobFailure? {
        let error = UpstreamError(inside: body) ?? (event.name == "error" ? UpstreamError(openAI: body) : nil)
        guard var error else { return nil }
        error.status = status(inComment: event.comment).flatMap { $0 == 200 ? nil : $0 }
        return failure(error)
    }

    private static func failure(_ error: UpstreamError) -> JobFailure {
        guard !isWrongEndpoint(error) else {
            return JobFailure(
                .modelNotFound, "DashScope does not serve this model at this endpoint: see the account's 'endpoint'.",
                code: SafeText.code(error.code), upstreamStatus: error.decidingStatus)
        }
        return rules.failure(error)
    }

    /// Reads `HTTP_STATUS/400` in the comment of an event.
    static func status(inComment comment: String?) -> Int? {
        let mark = "HTTP_STATUS/"
        guard let comment, let range = comment.range(ofLiteral: mark) else { return nil }
        return Int(comment[range.upperBound...].prefix { $0.isASCII && $0.isNumber })
    }

    /// "url error, please check url!" means a text model at the multimodal endpoint, or the reverse.
    private static func isWrongEndpoint(_ error: UpstreamError) -> Bool {
        error.message.lowercased().hasPrefix("url error")
    }
}
