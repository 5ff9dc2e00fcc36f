import Shared
import Testing

@testable import Worker

@Suite struct HunyuanAdapterTests {
    private typealias Fixtures = HunyuanFixtures
    private let adapter = HunyuanAdapter()

    private func signature(_ request: UpstreamRequest, host: String) -> String {
        TC3Signature(
            secretID: "AKIDEXAMPLE0001", secretKey: "tc-example-secret-key-0001", host: host,
            timestamp: 1_763_856_000, body: request.body
        ).authorization
    }

    @Test func `a request is signed over the bytes it sends`() throws {
        let chat = try Fixtures.chat(Fixtures.user + #","stream":true"#)
        let request = try adapter.makeRequest(
            chat, Fixtures.target(settings: ["region": "ap-guangzhou", "language": "zh-CN", "headers": "X-A: b"]))

        #expect(request.method == "POST")
        #expect(request.url == "https://hunyuan.tencentcloudapi.com/")
        #expect(request.isStream)
        #expect(
            request.headers.map { "\($0.name): \($0.value)" } == [
                "Content-Type: application/json", "Accept: text/event-stream", "X-TC-Action: ChatCompletions",
                "X-TC-Version: 2023-09-01", "X-TC-Timestamp: 1763856000",
                "Authorization: \(signature(request, host: "hunyuan.tencentcloudapi.com"))",
                "X-TC-Region: ap-guangzhou", "X-TC-Language: zh-CN", "X-A: b",
            ])
        #expect(request.headers.allSatisfy { !$0.value.contains("tc-example-secret-key") })
    }

    @Test(arguments: [
        ("http://127.0.0.1:9999", "127.0.0.1:9999", "http://127.0.0.1:9999/"),
        ("https://Proxy.Example/", "proxy.example", "https://Proxy.Example/"),
        ("https://a.example:443", "a.example", "https://a.example:443/"),
        ("http://a.example:80", "a.example", "http://a.example:80/"),
        ("https://a.example:8443/x", "a.example:8443", "https://a.example:8443/x/"),
    ])
    func `the signed host is that of the URL in use`(_ base: String, _ host: String, _ url: String) throws {
        let request = try adapter.makeRequest(try Fixtures.chat(Fixtures.user), Fixtures.target(baseURL: base))

        #expect(request.url == url)
        #expect(request.header("authorization") == signature(request, host: host))
        #expect(request.header("host") == nil)
    }

    @Test(arguments: [
        "AKIDEXAMPLE0001:tc-example-secret-key-0001", "AKIDEXAMPLE0001|tc-example-secret-key-0001",
        "1250000000|AKIDEXAMPLE0001|tc-example-secret-key-0001",
    ])
    func `keys come in three forms`(_ key: String) throws {
        let request = try #require(try adapter.makePing(Fixtures.target(key: key)))
        #expect(request.header("authorization") == signature(request, host: "hunyuan.tencentcloudapi.com"))
    }

    @Test(
        arguments: [
            ("", nil, [:]), ("only-one", nil, [:]), (":geheim", nil, [:]), ("id:", nil, [:]), ("a:b:geheim", nil, [:]),
            ("a|b|c|geheim", nil, [:]), ("a:geheim\u{1}", nil, ["region": "a\nb"]), ("a\u{1}:geheim", nil, [:]),
            ("a:geheim", "tencent", [:]), ("a:geheim", nil, ["language": "de"]),
            ("a:geheim", nil, ["headers": "Host: x"]),
        ] as [(String, String?, [String: String])])
    func `an account that is set up wrongly is refused without its secret`(
        _ key: String, _ base: String?, _ settings: [String: String]
    ) throws {
        let chat = try Fixtures.chat(Fixtures.user)
        let failure = #expect(throws: JobFailure.self) {
            _ = try adapter.makeRequest(chat, Fixtures.target(key: key, baseURL: base, settings: settings))
        }
        #expect(failure?.kind == .authentication)
        #expect(failure?.message.contains("geheim") == false)
    }

    @Test func `a ping asks for the vector of one letter`() throws {
        let request = try #require(try adapter.makePing(Fixtures.target()))

        #expect(request.header("x-tc-action") == "GetEmbedding")
        #expect(String(decoding: request.body, as: UTF8.self) == #"{"Input":"a"}"#)
        #expect(!request.isStream)
    }

    // MARK: - Failures

    @Test(
        arguments: [
            ("AuthFailure.SecretIdNotFound", .authentication), ("AuthFailure.SignatureFailure", .authentication),
            ("AuthFailure.InvalidSecretId", .authentication), ("AuthFailure.TokenFailure", .authentication),
            ("AuthFailure.UnauthorizedOperation", .authentication),
            ("AuthFailure.InvalidAuthorization", .authentication),
            ("UnauthorizedOperation", .authentication), ("FailedOperation.UserUnAuthError", .authentication),
            ("FailedOperation.PartnerAccountUnSupport", .authentication),
            ("FailedOperation.ResourcePackExhausted", .quotaExhausted),
            ("FailedOperation.FreeResourcePackExhausted", .quotaExhausted),
            ("FailedOperation.ServiceStopArrears", .quotaExhausted), ("FailedOperation.ServiceStop", .quotaExhausted),
            ("FailedOperation.ServiceNotActivated", .quotaExhausted),
            ("ResourceUnavailable.InArrears", .quotaExhausted),
            ("ResourceUnavailable.LowBalance", .quotaExhausted), ("ResourceUnavailable.StopUsing", .quotaExhausted),
            ("ResourceUnavailable.NotExist", .quotaExhausted),
            ("ResourceInsufficient.ChargeResourceExhaust", .quotaExhausted), ("RequestLimitExceeded", .rateLimited),
            ("RequestLimitExceeded.UinLimitExceeded", .rateLimited), ("LimitExceeded", .rateLimited),
            ("FailedOperation.EngineServerLimitExceeded", .overloaded),
            ("FailedOperation.EngineServerError", .serverError),
            ("FailedOperation.EngineRequestTimeout", .timeout), ("FailedOperation", .serverError),
            ("InternalError", .serverError), ("ServiceUnavailable", .overloaded),
            ("OperationDenied.TextIllegalDetected", .contentFiltered),
            ("OperationDenied.ImageIllegalDetected", .contentFiltered), ("InvalidParameterValue.Model", .modelNotFound),
            ("InvalidParameter", .invalidRequest), ("InvalidParameterValue.ParameterValueError", .invalidRequest),
            ("MissingParameter", .invalidRequest), ("UnknownParameter", .invalidRequest),
            ("InvalidAction", .invalidRequest), ("NoSuchVersion", .invalidRequest),
            ("UnsupportedOperation", .invalidRequest), ("RequestSizeLimitExceeded", .invalidRequest),
            ("ActionOffline", .invalidRequest), ("Unheard.Of", .serverError),
        ] as [(String, JobFailure.Kind)])
    func `each code of the table has its meaning, in a 200`(_ code: String, _ kind: JobFailure.Kind) {
        let body = Array(Fixtures.error(code).utf8)
        let failure = adapter.failure(inside: body)

        #expect(failure?.kind == kind)
        #expect(failure?.code == code)
        #expect(failure?.isStaleCredential == false)
        for isStream in [true, false] {
            let outcome = hunyuanOutcome(body, isStream: isStream, contentType: "application/json")
            #expect(outcome.failure == failure)
        }
    }

    @Test func `an expired signature is our clock's fault`() {
        let failure = adapter.failure(inside: Array(Fixtures.error("AuthFailure.SignatureExpire").utf8))
        #expect(failure?.isStaleCredential == true)
    }

    @Test func `answers are no failures, and a proxy's status counts`() {
        #expect(adapter.failure(inside: Array(Fixtures.completion.utf8)) == nil)
        #expect(adapter.failure(inside: Array("data: {}".utf8)) == nil)
        let refusal = UpstreamResponse(status: 503, headers: { _ in nil }, body: Array("<html>".utf8), now: 0)
        #expect(adapter.failure(refusal).kind == .overloaded)
        let known = UpstreamResponse(
            status: 400, headers: { _ in nil }, body: Array(Fixtures.error("LimitExceeded").utf8), now: 0)
        #expect(adapter.failure(known).kind == .rateLimited)
        #expect(adapter.failure(known).upstreamStatus == 400)
    }
}
