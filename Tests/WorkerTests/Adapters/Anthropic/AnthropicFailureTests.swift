import Shared
import Testing

@testable import Worker

@Suite struct AnthropicFailureTests {
    struct Row: CustomTestStringConvertible {
        var status: Int
        var type: String
        var message = "x"
        var code = ""
        var kind: JobFailure.Kind

        init(_ status: Int, _ kind: JobFailure.Kind, _ type: String, _ message: String = "x", code: String = "") {
            self.status = status
            self.type = type
            self.message = message
            self.code = code
            self.kind = kind
        }

        var testDescription: String { "\(status) \(type) \(code) \(message)" }
    }

    private func failure(_ status: Int, _ body: String, _ headers: [String: String] = [:]) -> JobFailure {
        AnthropicAdapter().failure(
            UpstreamResponse(status: status, headers: { headers[$0] }, body: Array(body.utf8), now: 0))
    }

    @Test(arguments: [
        Row(400, .invalidRequest, "invalid_request_error", "max_tokens: too small"),
        Row(400, .quotaExhausted, "invalid_request_error", "Your credit balance is too low to access the API."),
        Row(400, .quotaExhausted, "invalid_request_error", "You have reached your specified API usage limits."),
        Row(400, .quotaExhausted, "invalid_request_error", "This organization has been disabled."),
        Row(400, .authentication, "invalid_request_error", code: "organization_on_hold"),
        Row(400, .contextTooLong, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
        Row(
            400, .contextTooLong, "invalid_request_error",
            "input length and `max_tokens` exceed context limit: 1 + 2 > 3"),
        Row(400, .contentFiltered, "invalid_request_error", "Output blocked by content filtering policy"),
        Row(401, .authentication, "authentication_error", "invalid x-api-key"),
        Row(402, .quotaExhausted, "billing_error"),
        Row(402, .quotaExhausted, "billing_error", code: "linked_organization_unpaid"),
        Row(403, .authentication, "permission_error"),
        Row(404, .modelNotFound, "not_found_error", "model: claude-x"),
        Row(409, .serverError, "conflict_error"),
        Row(413, .contextTooLong, "request_too_large"),
        Row(429, .rateLimited, "rate_limit_error"),
        Row(429, .rateLimited, "rate_limit_error", code: "ramp_limit_exceeded"),
        Row(429, .quotaExhausted, "rate_limit_error", code: "enforced_spend_limit_reached"),
        Row(429, .quotaExhausted, "rate_limit_error", code: "contract_spend_limit_reached"),
        Row(500, .serverError, "api_error"),
        Row(504, .timeout, "timeout_error"),
        Row(529, .overloaded, "overloaded_error"),
    ])
    func `errors mean what the table says`(_ row: Row) {
        let details = row.code.isEmpty ? "" : #","details":{"error_code":"\#(row.code)"}"#
        let body =
            #"{"type":"error","error":{"type":"\#(row.type)","message":"\#(row.message)"\#(details)},"request_id":"r"}"#
        let failure = failure(row.status, body)

        #expect(failure.kind == row.kind)
        #expect(failure.upstreamStatus == row.status)
        #expect(failure.code == (row.code.isEmpty ? row.type : row.code))
    }

    @Test(arguments: [
        (413, JobFailure.Kind.contextTooLong), (404, .modelNotFound), (502, .serverError), (503, .overloaded),
        (504, .timeout), (529, .overloaded), (403, .serverError), (408, .timeout), (429, .rateLimited),
    ])
    func `web pages of the edge are judged by their status`(_ status: Int, _ kind: JobFailure.Kind) {
        #expect(failure(status, "<html><body>nginx</body></html>").kind == kind)
    }

    @Test func `the platform says how long to stay away, and that trying again helps`() {
        let body = #"{"type":"error","error":{"type":"rate_limit_error","message":"x"}}"#
        #expect(failure(429, body, ["retry-after": "17"]).retryAfter == .seconds(17))
        #expect(failure(418, "{}", ["x-should-retry": "true"]).kind == .serverError)
        #expect(failure(418, "{}").kind == .invalidRequest)
    }

    @Test func `messages are safe to show`() {
        let body =
            #"{"type":"error","error":{"type":"invalid_request_error","message":"bad: sk-ant-api03-secret at max_tokens"}}"#
        #expect(failure(400, body).message == "bad: [redacted] at max_tokens")
        #expect(!failure(401, body).message.contains("sk-ant"))
    }
}
