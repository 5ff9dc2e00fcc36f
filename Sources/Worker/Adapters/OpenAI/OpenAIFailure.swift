/// What OpenAI's errors mean (providers/openai.md, "Errors"): by `error.code`, then `error.type`, then the status.
///
/// In: the `error` object of a refused request or of a stream, and the status. Out: a `JobFailure` with a safe message.
import Shared

struct OpenAIFailure {
    private let status: Int?
    private let message: String
    private let type: String
    private let code: String
    private let param: String?
    private let hasError: Bool

    /// - Parameters:
    ///   - body: the whole answer: `{"error":{…}}`, `{"error":"…"}` or, from some servers, the error object itself.
    ///   - status: `nil` for an error inside a 200.
    init(body: JSON?, status: Int?) {
        let error = OpenAIFailure.errorObject(body)
        self.status = status
        hasError = error != nil
        message = error?["message"]?.stringValue ?? ""
        type = error?["type"]?.stringValue ?? ""
        switch error?["code"] {
        case .string(let text): code = text
        case .number(let number): code = number.literal
        default: code = ""
        }
        param = error?["param"]?.stringValue
    }

    /// `nil` where the value is no error.
    static func errorObject(_ body: JSON?) -> JSONObject? {
        switch body?["error"] {
        case .object(let object): object
        case .string(let text): ["message": .string(text)]
        default: body?["object"]?.stringValue == "error" ? body?.objectValue : nil
        }
    }

    func failure(retryAfter: Duration? = nil, shouldRetry: Bool? = nil) -> JobFailure {
        let kind = self.kind(shouldRetry: shouldRetry)
        return JobFailure(
            kind, kind.text(quoting: message), param: param.map(SafeText.message), code: SafeText.code(code, type),
            upstreamStatus: status, retryAfter: retryAfter)
    }

    private func kind(shouldRetry: Bool?) -> JobFailure.Kind {
        if let kind = kindByCode ?? kindByType { return kind }
        let kind = kindByStatus
        // The platform knows better that a conflict or the like will pass. A "false" is not followed: it is advice for
        // this key, and other accounts may still serve the request.
        return kind == .invalidRequest && shouldRetry == true ? .serverError : kind
    }

    private var kindByCode: JobFailure.Kind? {
        switch code {
        case "context_length_exceeded", "tokens_limit_reached": .contextTooLong
        case "invalid_prompt", "content_policy_violation", "content_filter": .contentFiltered
        case "invalid_api_key", "account_deactivated", "invalid_organization", "ip_not_authorized",
            "unsupported_country_region_territory", "missing_scope", "insufficient_permissions":
            .authentication
        case "model_not_found": .modelNotFound
        case "credit_balance_exhausted", "organization_spend_limit_exceeded", "project_spend_limit_exceeded",
            "organization_usage_limit_exceeded", "insufficient_quota", "billing_hard_limit_reached",
            "billing_not_active":
            .quotaExhausted
        case "rate_limit_exceeded": isTooLargeForLimit ? .contextTooLong : .rateLimited
        case "slow_down": .rateLimited
        case "unsupported_value", "unsupported_parameter", "unknown_parameter": .unsupportedParameter
        case "missing_required_parameter", "invalid_value", "invalid_type": .invalidRequest
        case "server_error": .serverError
        default: nil
        }
    }

    /// `invalid_request_error` decides nothing: it comes with 401, 404 and 429 too.
    private var kindByType: JobFailure.Kind? {
        switch type {
        case "insufficient_quota": .quotaExhausted
        case "authentication_error", "permission_error": .authentication
        case "rate_limit_error", "requests", "tokens": isTooLargeForLimit ? .contextTooLong : .rateLimited
        case "overloaded_error": .overloaded
        case "server_error", "api_error": .serverError
        case "invalid_request_error" where status == nil: .invalidRequest
        default: nil
        }
    }

    private var kindByStatus: JobFailure.Kind {
        switch status {
        case 401: .authentication
        case 402: .quotaExhausted
        // A bare 403 is some firewall's, and says nothing about the key.
        case 403: hasError ? .authentication : .serverError
        case 404: .modelNotFound
        case 408: .timeout
        case 429: isTooLargeForLimit ? .contextTooLong : .rateLimited
        case 503, 529: .overloaded
        case .some(400...499): .invalidRequest
        default: .serverError
        }
    }

    /// One request above the whole per-minute limit: waiting cannot help.
    private var isTooLargeForLimit: Bool { message.hasPrefix("Request too large") }
}
