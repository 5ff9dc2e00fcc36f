/// Maps Hunyuan's native errors to failures by `Response.Error.Code` (Tencent's documented codes, as of November 2026).
///
/// The status is always 200, so it decides nothing. Any other status is a proxy's.
import Shared

enum HunyuanFailure {
    static let rules = FailureRules([
        // Our clock is wrong, or the request was delayed for five minutes.
        .stale("AuthFailure.SignatureExpire"),
        .codes(
            "AuthFailure", "AuthFailure.*", "UnauthorizedOperation", "UnauthorizedOperation.*",
            "FailedOperation.UserUnAuthError", "FailedOperation.PartnerAccountUnSupport", kind: .authentication),
        .codes(
            "FailedOperation.ResourcePackExhausted", "FailedOperation.FreeResourcePackExhausted",
            "FailedOperation.ServiceStopArrears", "FailedOperation.ServiceStop", "FailedOperation.ServiceNotActivated",
            "ResourceUnavailable.InArrears", "ResourceUnavailable.LowBalance", "ResourceUnavailable.StopUsing",
            "ResourceUnavailable.NotExist", "ResourceInsufficient.ChargeResourceExhaust", kind: .quotaExhausted),
        .codes("RequestLimitExceeded", "RequestLimitExceeded.*", kind: .rateLimited),
        .codes("LimitExceeded", "LimitExceeded.*", kind: .rateLimited),
        .codes("FailedOperation.EngineServerLimitExceeded", "ServiceUnavailable", kind: .overloaded),
        .codes("FailedOperation.EngineRequestTimeout", "4001", kind: .timeout),
        .codes("FailedOperation", "FailedOperation.*", "InternalError", "InternalError.*", "4000", kind: .serverError),
        .codes("OperationDenied.TextIllegalDetected", "OperationDenied.ImageIllegalDetected", kind: .contentFiltered),
        .codes("InvalidParameterValue.Model", kind: .modelNotFound),
        .codes("InvalidParameter", "InvalidParameter.*", kind: .invalidRequest),
        .codes("InvalidParameterValue", "InvalidParameterValue.*", kind: .invalidRequest),
        .codes("MissingParameter", "UnknownParameter", "InvalidAction", "NoSuchVersion", kind: .invalidRequest),
        .codes("UnsupportedOperation", "UnsupportedOperation.*", kind: .invalidRequest),
        .codes("RequestSizeLimitExceeded", "ActionOffline", "OperationDenied", kind: .invalidRequest),
    ])

    static func failure(_ response: UpstreamResponse) -> JobFailure {
        let body = ErrorBody.json(response.body)
        var error = read(body) ?? UpstreamError(openAI: body)
        error.note(response)
        return rules.failure(error)
    }

    /// `nil` where a body or an event with status 200 reports no error.
    static func inside(_ body: JSON?) -> JobFailure? {
        read(body).map(rules.failure) ?? body.flatMap(rules.failure(inside:))
    }

    /// `Response.Error` of a whole body, or the `ErrorMsg` that a stream may end with.
    private static func read(_ body: JSON?) -> UpstreamError? {
        let body = body?["Response"] ?? body
        var error = UpstreamError()
        if let object = body?["Error"]?.objectValue {
            error.code = UpstreamError.code(object["Code"])
            error.message = object["Message"]?.stringValue ?? ""
            return error
        }
        guard let object = body?["ErrorMsg"]?.objectValue else { return nil }
        error.code = UpstreamError.code(object["Code"])
        error.message = object["Msg"]?.stringValue ?? ""
        return ["", "0"].contains(error.code) && error.message.isEmpty ? nil : error
    }
}
