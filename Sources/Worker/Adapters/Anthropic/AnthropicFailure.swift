/// Maps Anthropic's errors to failures: by `details.error_code`, then by words, then by type.
///
/// In: `{"type":"error","error":{type, message, details?},"request_id"}` of a refused request, of a 200 or of an
/// `error` event, and the errors of servers with the same wire. Out: a `JobFailure` with a safe message. Errors are
/// those that Anthropic documents, as of November 2026.
import Shared

enum AnthropicFailure {
    static let rules = FailureRules([
        .codes("enforced_spend_limit_reached", "contract_spend_limit_reached", kind: .quotaExhausted),
        .codes("linked_organization_*", kind: .quotaExhausted),
        .codes("organization_on_hold", kind: .authentication),
        .words("credit balance is too low", "specified API usage limits", kind: .quotaExhausted),
        .words("organization has been disabled", kind: .quotaExhausted),
        .words("prompt is too long", "exceed context limit", kind: .contextTooLong),
        .words("blocked by content filtering policy", kind: .contentFiltered),
        .types("request_too_large", kind: .contextTooLong),
        // From the edge, as a web page.
        .status(413, kind: .contextTooLong),
        .types("authentication_error", "permission_error", kind: .authentication),
        .types("billing_error", kind: .quotaExhausted),
        .types("not_found_error", kind: .modelNotFound),
        .types("rate_limit_error", kind: .rateLimited),
        .types("overloaded_error", kind: .overloaded),
        .types("timeout_error", kind: .timeout),
        .types("api_error", kind: .serverError),
        .status(504, kind: .timeout),
    ])

    /// `nil` where a body with status 200 reports no error.
    static func inside(_ body: JSON?) -> JobFailure? {
        guard let body, let error = UpstreamError(inside: body) else { return nil }
        return rules.failure(error.withAnthropicCode(of: body))
    }
}

extension UpstreamError {
    init(anthropic body: JSON?) {
        self = UpstreamError(openAI: body).withAnthropicCode(of: body)
    }

    fileprivate func withAnthropicCode(of body: JSON?) -> UpstreamError {
        guard case .string(let code)? = body?["error"]?["details"]?["error_code"] else { return self }
        var error = self
        error.code = code
        return error
    }
}
