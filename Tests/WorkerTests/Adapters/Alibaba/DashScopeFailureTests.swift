import Shared
import Testing

@testable import Worker

@Suite struct DashScopeFailureTests {
    private func failure(
        _ body: String, status: Int, headers: [String: String] = [:]
    ) -> JobFailure {
        DashScopeAdapter().failure(
            UpstreamResponse(status: status, headers: { headers[$0] }, body: Array(body.utf8), now: 0))
    }

    private func native(_ code: String, _ message: String = "m") -> String {
        #"{"code":"\#(code)","message":"\#(message)","request_id":"r"}"#
    }

    @Test(arguments: [
        (400, "InvalidParameter", JobFailure.Kind.invalidRequest),
        (400, "InvalidParameter.DataInspection", .invalidRequest),
        (400, "BadRequest.EmptyInput", .invalidRequest), (400, "InvalidURL", .invalidRequest),
        (400, "UnsupportedOperation", .invalidRequest), (400, "DataInspectionFailed", .contentFiltered),
        (400, "data_inspection_failed", .contentFiltered), (400, "Arrearage", .quotaExhausted),
        (401, "InvalidApiKey", .authentication), (403, "AccessDenied", .authentication),
        (403, "Model.AccessDenied", .authentication), (403, "AccessDenied.Unpurchased", .authentication),
        (403, "Workspace.AccessDenied", .authentication), (403, "AllocationQuota.FreeTierOnly", .quotaExhausted),
        (404, "ModelNotFound", .modelNotFound), (404, "model_not_found", .modelNotFound),
        (408, "RequestTimeOut", .timeout), (413, "BadRequest.TooLarge", .contextTooLong),
        (429, "Throttling", .rateLimited), (429, "Throttling.RateQuota", .rateLimited),
        (429, "Throttling.BurstRate", .rateLimited), (429, "Throttling.AllocationQuota", .rateLimited),
        (429, "insufficient_quota", .rateLimited), (429, "limit_requests", .rateLimited),
        (429, "CommodityNotPurchased", .quotaExhausted), (429, "PrepaidBillOverdue", .quotaExhausted),
        (429, "PostpaidBillOverdue", .quotaExhausted), (429, "Else", .rateLimited),
        (500, "InternalError", .serverError), (500, "InternalError.Algo", .serverError),
        (500, "InternalError.Timeout", .timeout), (500, "internal_error", .serverError),
        (503, "ModelServingError", .overloaded), (503, "ModelUnavailable", .overloaded), (502, "Else", .serverError),
    ])
    func `each code has its kind`(_ status: Int, _ code: String, _ kind: JobFailure.Kind) {
        let failure = failure(native(code), status: status)
        #expect(failure.kind == kind)
        #expect(failure.code == code)
        #expect(failure.upstreamStatus == status)
    }

    @Test(arguments: [
        ("InvalidParameter", "Range of input length should be [1, 129024]", JobFailure.Kind.contextTooLong),
        ("InvalidParameter", "Total message token length exceed model limit", .contextTooLong),
        ("InvalidParameter", "Model not exist.", .modelNotFound),
        ("InvalidParameter", "url error, please check url!", .modelNotFound),
        (
            "InvalidParameter", "parameter.enable_thinking must be set to false for non-streaming calls",
            .invalidRequest
        ),
    ])
    func `words decide where the code says little`(_ code: String, _ message: String, _ kind: JobFailure.Kind) {
        #expect(failure(native(code, message), status: 400).kind == kind)
    }

    @Test func `rate limits rest for seconds, as long as the platform names no time`() {
        #expect(failure(native("Throttling.RateQuota"), status: 429).retryAfter == .seconds(15))
        #expect(failure(native("Throttling.BurstRate"), status: 429).retryAfter == .seconds(10))
        #expect(failure("", status: 429).retryAfter == .seconds(15))
        #expect(
            failure(native("Throttling"), status: 429, headers: ["retry-after": "3"]).retryAfter == .seconds(3))
    }

    @Test func `a refused stream holds its error behind data`() {
        let failure = failure(
            DashScopeFixtures.error("InvalidApiKey", "Invalid API-key provided.", status: 401), status: 401)
        #expect(failure.kind == .authentication)
        #expect(failure.code == "InvalidApiKey")
    }

    @Test func `the compatible shape of an error is understood, too`() {
        let body = #"{"error":{"message":"m","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#
        #expect(failure(body, status: 401).kind == .authentication)
    }

    @Test(arguments: [
        ("", 401, JobFailure.Kind.authentication), ("<html>", 503, .overloaded), ("<html>", 403, .serverError),
    ])
    func `a body without words leaves the status`(_ body: String, _ status: Int, _ kind: JobFailure.Kind) {
        #expect(failure(body, status: status).kind == kind)
    }

    @Test func `messages hold no key`() {
        let failure = failure(native("InvalidParameter", "bad key sk-1234567890abcdef in request"), status: 400)
        #expect(!failure.message.contains("sk-1234"))
    }

    @Test(arguments: [
        ("HTTP_STATUS/400", 400), ("HTTP_STATUS/200", 200), ("ping", nil), (nil, nil), ("HTTP_STATUS/x", nil),
    ])
    func `the status of an event stands in its comment`(_ comment: String?, _ status: Int?) {
        #expect(DashScopeFailure.status(inComment: comment) == status)
    }
}
