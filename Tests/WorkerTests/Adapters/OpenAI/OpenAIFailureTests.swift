import Shared
import Testing

@testable import Worker

@Suite struct OpenAIFailureTests {
    private func failure(_ status: Int, _ body: String, _ headers: [String: String] = [:], now: Int64 = 0) -> JobFailure
    {
        OpenAIOwnDialect.adapter.failure(
            UpstreamResponse(status: status, headers: { headers[$0.lowercased()] }, body: Array(body.utf8), now: now))
    }

    private func error(_ type: String, _ code: String?, _ message: String = "m") -> String {
        let code = code.map { "\"\($0)\"" } ?? "null"
        return #"{"error":{"message":"\#(message)","type":"\#(type)","param":null,"code":\#(code)}}"#
    }

    @Test(
        arguments: [
            (400, "invalid_request_error", "missing_required_parameter", .invalidRequest),
            (400, "invalid_request_error", "invalid_value", .invalidRequest),
            (400, "invalid_request_error", "unsupported_value", .unsupportedParameter),
            (400, "invalid_request_error", "unsupported_parameter", .unsupportedParameter),
            (400, "invalid_request_error", "context_length_exceeded", .contextTooLong),
            (400, "invalid_request_error", "content_policy_violation", .contentFiltered),
            (400, "invalid_request_error", "invalid_prompt", .contentFiltered),
            (400, "invalid_request_error", nil, .invalidRequest),
            (401, "invalid_request_error", "invalid_api_key", .authentication),
            (401, "invalid_request_error", nil, .authentication),
            (403, "request_forbidden", "unsupported_country_region_territory", .authentication),
            (403, "invalid_request_error", nil, .authentication),
            (404, "invalid_request_error", "model_not_found", .modelNotFound),
            (404, "NotFoundError", nil, .modelNotFound), (409, "conflict", nil, .invalidRequest),
            (413, "", nil, .invalidRequest),
            (422, "", nil, .invalidRequest), (429, "insufficient_quota", "credit_balance_exhausted", .quotaExhausted),
            (429, "insufficient_quota", "some_new_limit_code", .quotaExhausted),
            (429, "insufficient_quota", "insufficient_quota", .quotaExhausted),
            (429, "tokens", "rate_limit_exceeded", .rateLimited), (429, "requests", nil, .rateLimited),
            (429, "rate_limit_error", "slow_down", .rateLimited), (503, "rate_limit_error", "slow_down", .rateLimited),
            (408, "", nil, .timeout), (500, "server_error", nil, .serverError), (503, "", nil, .overloaded),
            (402, "", nil, .quotaExhausted),
        ] as [(Int, String, String?, JobFailure.Kind)])
    func `each documented error has its kind`(_ status: Int, _ type: String, _ code: String?, _ kind: JobFailure.Kind) {
        let failure = failure(status, error(type, code))
        #expect(failure.kind == kind)
        #expect(failure.upstreamStatus == status)
    }

    @Test(
        arguments: [
            (500, .serverError), (502, .serverError), (503, .overloaded), (520, .serverError), (529, .overloaded),
            (403, .serverError), (401, .authentication), (301, .serverError), (429, .rateLimited),
        ] as [(Int, JobFailure.Kind)])
    func `a page or nothing in place of JSON is judged by the status`(_ status: Int, _ kind: JobFailure.Kind) {
        #expect(failure(status, "<html><h1>Error</h1></html>").kind == kind)
        #expect(failure(status, "").kind == kind)
    }

    @Test func `one request above the whole token limit is not worth waiting for`() {
        let body = error(
            "tokens", "rate_limit_exceeded", "Request too large for gpt-4o on tokens per min (TPM): Limit 30000")
        #expect(failure(429, body).kind == .contextTooLong)
    }

    @Test func `an explanation of a bad request is passed on with its parameter`() {
        let body =
            #"{"error":{"message":"Invalid value: 'x'.","type":"invalid_request_error","param":"messages[0].role","code":"invalid_value"}}"#
        let failure = failure(400, body)

        #expect(failure.message == "Invalid value: 'x'.")
        #expect(failure.param == "messages[0].role")
        #expect(failure.code == "invalid_value")
    }

    @Test(arguments: [
        (401, "invalid_api_key", "Incorrect API key provided: sk-proj-abc***wxyz."),
        (429, "insufficient_quota", "Organization org-Abc123 is out of credit"),
        (429, "rate_limit_exceeded", "Rate limit reached in organization org-Abc123"),
        (400, "invalid_value", "Bad header Bearer sk-proj-abc"),
        (400, "invalid_value", "Cannot load https://user:pass@host.example/a?sig=sk-abc&x=1"),
        (400, "invalid_value", "Key abcDEF0123456789abcDEF0123456789abc is odd"),
    ])
    func `keys and organisations never reach a message`(_ status: Int, _ code: String, _ text: String) {
        let failure = failure(status, error("x", code, text))
        for secret in ["sk-", "org-", "abcDEF", "pass", "sig="] { #expect(!failure.message.contains(secret)) }
        #expect(!failure.message.isEmpty)
    }

    @Test func `long quotations and long messages are cut`() {
        let prompt = String(repeating: "tell me a story ", count: 10)
        let quoted = SafeText.message("Bad text '\(prompt)' in messages")
        #expect(quoted == "Bad text '…' in messages")
        #expect(SafeText.message(String(repeating: "word ", count: 500)).count <= 501)
        #expect(
            SafeText.message("don't use 'tool_choice'\nwith gpt-4.1-mini-2025-04-14")
                == "don't use 'tool_choice' with gpt-4.1-mini-2025-04-14")
    }

    @Test(
        arguments: [
            (["retry-after-ms": "1500", "retry-after": "9"], .milliseconds(1500)), (["retry-after": "2"], .seconds(2)),
            (["retry-after": "0.5"], .milliseconds(500)),
            (["retry-after": "Sun, 06 Nov 1994 08:49:37 GMT", "date": "Sun, 06 Nov 1994 08:49:07 GMT"], .seconds(30)),
            (["retry-after": "Thu, 01 Jan 1970 00:01:00 GMT"], .seconds(50)),
            (["retry-after": "Thu, 01 Jan 1970 00:00:01 GMT"], .seconds(0)),
            (["retry-after": "99999999999"], .seconds(86_400)),
            (["retry-after": "soon"], nil), (["retry-after": "-1"], nil), ([:], nil), (["retry-after": "nan"], nil),
        ] as [([String: String], Duration?)])
    func `the time to stay away is read in every form`(_ headers: [String: String], _ expected: Duration?) {
        #expect(failure(429, "", headers, now: 10_000).retryAfter == expected)
    }

    @Test(
        arguments: [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Thu, 29 Feb 2024 12:00:00 GMT", 1_709_208_000), ("Mon, 23 Nov 2026 02:00:00 GMT", 1_795_399_200),
            ("06 Nov 1994", nil), ("Sun, 40 Nov 1994 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 25:49:37 GMT", nil),
        ] as [(String, Int64?)])
    func `HTTP dates are read`(_ text: String, _ expected: Int64?) {
        #expect(HTTPDate.seconds(text) == expected)
    }

    @Test func `a conflict that the platform calls temporary is retried`() {
        #expect(failure(409, error("conflict", nil), ["x-should-retry": "true"]).kind == .serverError)
        #expect(failure(400, error("x", "invalid_value"), ["x-should-retry": "true"]).kind == .invalidRequest)
    }

    @Test(arguments: [
        #"{"error":"model 'x' not found"}"#, #"{"object":"error","message":"no","type":"NotFoundError","code":404}"#,
    ])
    func `the error shapes of compatible servers are understood`(_ body: String) {
        #expect(failure(404, body).kind == .modelNotFound)
        #expect(OpenAIOwnDialect.adapter.failure(inside: Array(body.utf8)) != nil)
    }

    @Test func `a code that is no identifier is not passed on`() {
        #expect(failure(400, error("", "sk bad\\u0000code")).code == nil)
        #expect(failure(429, error("tokens", nil)).code == "tokens")
    }
}
