import Shared
import Testing

@testable import Worker

/// Failures that are told inside a body, in the forms that servers and gateways have, on every wire.
@Suite struct ErrorFormsTests {
    static let wires: [(name: String, adapter: any ProviderAdapter)] = [
        ("openai", OpenAIOwnDialect.adapter), ("compatible", OpenAIOwnDialect.compatibleAdapter),
        ("anthropic", AnthropicAdapter()), ("baidu/v2", QianfanDialect.adapter), ("baidu/legacy", ErnieV1Adapter()),
        ("alibaba/native", DashScopeAdapter()), ("alibaba/compatible", QwenCompatibleDialect.adapter),
        ("tencent/tokenhub", TokenHubDialect.adapter), ("tencent/native", HunyuanAdapter()),
        ("tencent/legacy", HunyuanCompatibleDialect.adapter), ("zhipu", ZhipuDialect.adapter),
    ]

    static let forms: [(body: String, kind: JobFailure.Kind, status: Int, words: String)] = [
        (#"{"error":{"code":400,"message":"maximum output is 4096"}}"#, .invalidRequest, 400, "4096"),
        (#"{"error":{"code":"400","message":"maximum output is 4096"}}"#, .invalidRequest, 400, "4096"),
        (#"{"error":{"code":400.0,"message":"maximum output is 4096"}}"#, .invalidRequest, 400, "4096"),
        (#"{"error":{"status":422,"message":"no such field"}}"#, .invalidRequest, 422, "no such field"),
        (#"{"error":{"status_code":"422","message":"no such field"}}"#, .invalidRequest, 422, "no such field"),
        (#"{"error":{"message":"no such field"},"status":422}"#, .invalidRequest, 422, "no such field"),
        (#"{"code":422,"message":"no such field"}"#, .invalidRequest, 422, "no such field"),
        (#"{"code":"422","msg":"no such field","data":null}"#, .invalidRequest, 422, "no such field"),
        (#"{"error":"no such field","statusCode":422}"#, .invalidRequest, 422, "no such field"),
        (#"{"statusCode":400,"message":["n must be one"],"error":"Bad Request"}"#, .invalidRequest, 400, "n must be"),
        (#"[{"error":{"code":400,"message":"bad mime","status":"INVALID_ARGUMENT"}}]"#, .invalidRequest, 400, "mime"),
        (#"{"error":{"message":"bad mime","status":"INVALID_ARGUMENT"}}"#, .invalidRequest, 400, "mime"),
        (#"{"error":{"status":"RESOURCE_EXHAUSTED","message":"q"}}"#, .rateLimited, 429, "limit"),
        (#"{"error":{"code":429,"message":"slow"}}"#, .rateLimited, 429, "limit"),
        (#"{"error":{"code":"429 Too Many Requests","message":"slow"}}"#, .rateLimited, 429, "limit"),
        (#"{"error":{"code":402,"message":"pay"}}"#, .quotaExhausted, 402, "balance"),
        (#"{"error":{"code":401,"message":"key"}}"#, .authentication, 401, "credentials"),
        (#"{"error":{"code":404,"message":"no endpoints"}}"#, .modelNotFound, 404, "no endpoints"),
        (#"{"error":{"code":503,"message":"x"}}"#, .overloaded, 503, "overloaded"),
        (#"{"error":{"code":500,"message":"x"}}"#, .serverError, 500, "failed"),
        (#"{"errors":[{"code":400,"message":"bad field"}]}"#, .invalidRequest, 400, "bad field"),
        (
            #"{"success":false,"errors":[{"status":400,"message":"bad field"}],"result":null}"#, .invalidRequest, 400,
            "bad"
        ),
        (
            #"{"error":{"code":400,"message":{"error":{"message":"bad field","code":"odd"}}}}"#, .invalidRequest, 400,
            "bad"
        ),
        (
            #"{"error":{"code":400,"message":"Provider returned error","metadata":{"raw":"{\"error\":{\"message\":\"n is 1\"}}"}}}"#,
            .invalidRequest, 400, "n is 1"
        ),
        (
            #"{"error":{"message":"{\"error\":{\"code\":429,\"message\":\"slow\"}}"}}"#, .rateLimited, 429, "limit"
        ),
        (
            #"{"choices":[{"index":0,"finish_reason":"error","message":{"content":""},"error":{"code":400,"message":"too odd"}}]}"#,
            .invalidRequest, 400, "too odd"
        ),
        (
            #"{"choices":[{"index":0,"finish_reason":"error","delta":{"content":""},"error":{"code":429,"message":"s"}}]}"#,
            .rateLimited, 429, "limit"
        ),
        (#"{"choices":[{"index":0,"finish_reason":"error","message":{"content":""}}]}"#, .serverError, 502, "failed"),
    ]

    @Test(arguments: forms)
    func `a status inside a 200 is the status, whole, streamed and in pings, on every wire`(
        _ form: (body: String, kind: JobFailure.Kind, status: Int, words: String)
    ) throws {
        for wire in Self.wires {
            let pinged = try #require(wire.adapter.failure(inside: Array(form.body.utf8)), "\(wire.name)")
            #expect(pinged.kind == form.kind, "\(wire.name)")
            #expect(pinged.upstreamStatus == form.status, "\(wire.name)")
            #expect(pinged.message.contains(form.words), "\(wire.name): \(pinged.message)")
            for isStream in [false, true] where !isStream || form.body.first == "{" {
                #expect(Self.answer(form.body, wire.adapter, isStream: isStream).failure == pinged, "\(wire.name)")
            }
            if form.body.first == "{" {
                let streamed = Self.answer("data: \(form.body)\n\n", wire.adapter, isStream: true)
                #expect(streamed.failure == pinged, "\(wire.name)")
            }
        }
    }

    @Test(arguments: wires.map(\.name))
    func `vectors are read for the same`(_ name: String) throws {
        guard let vectors = Self.wires.first(where: { $0.name == name })?.adapter.embeddings else { return }
        let request = try EmbeddingsRequest(validating: ["model": "m", "input": "a"])
        for form in Self.forms where form.body.first == "{" {
            let failure = #expect(throws: JobFailure.self) {
                try vectors.read(Array(form.body.utf8), request, ResponseContext(isStream: false, contentType: nil))
            }
            #expect(failure?.kind == form.kind, "\(form.body)")
        }
    }

    @Test func `a later event counts as the first one does`() {
        let text = #"{"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}"#
        for form in Self.forms where form.body.first == "{" {
            let answer = Self.answer(
                "data: \(text)\n\ndata: \(form.body)\n\ndata: [DONE]\n\n", OpenAIOwnDialect.adapter, isStream: true)
            #expect(answer.text == "hi")
            #expect(answer.failure?.kind == form.kind, "\(form.body)")
        }
    }

    @Test(
        arguments: [
            (500, 429, 429), (500, 400, 400), (502, 402, 402), (503, 500, 500), (400, 429, 429), (400, 400, 400),
            (429, 400, 429), (401, 500, 401), (404, 400, 404), (422, 429, 422),
        ])
    func `what a gateway wraps in 400 or 5xx counts, another 4xx speaks for itself`(
        _ outer: Int, _ inner: Int, _ status: Int
    ) {
        let body = #"{"error":{"code":\#(inner),"message":"m"}}"#
        for wire in Self.wires {
            let failure = wire.adapter.failure(
                UpstreamResponse(status: outer, headers: { _ in nil }, body: Array(body.utf8), now: 0))
            #expect(failure.upstreamStatus == status, "\(wire.name)")
        }
    }

    @Test(arguments: [
        (#"{"detail":"Not authenticated"}"#, 401, JobFailure.Kind.authentication, "credentials"),
        (
            #"{"detail":[{"loc":["body","messages",0],"msg":"field required","type":"x"}]}"#, 422, .invalidRequest,
            "messages.0: field required"
        ),
        (#"{"message":"no Route matched"}"#, 404, .modelNotFound, "no Route matched"),
        (#"{"timestamp":1,"status":400,"error":"Bad Request","path":"/v1"}"#, 400, .invalidRequest, "Bad Request"),
        (
            #"{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xa***Zz"}"#, 400,
            .authentication, "credentials"
        ),
        (#"{"error":{"message":"Insufficient balance","type":"x"}}"#, 403, .quotaExhausted, "balance"),
        (#"{"error":{"message":"quota","type":"exceeded_current_quota_error"}}"#, 429, .quotaExhausted, "balance"),
        (#"{"error":{"code":"insufficient_user_quota","message":"用户额度不足"}}"#, 403, .quotaExhausted, "balance"),
        (#"{"error":{"message":"This model's maximum context length is 4096 tokens"}}"#, 400, .contextTooLong, "4096"),
    ])
    func `refusals are explained in every form`(
        _ body: String, _ status: Int, _ kind: JobFailure.Kind, _ words: String
    ) {
        let failure = OpenAIOwnDialect.adapter.failure(
            UpstreamResponse(status: status, headers: { _ in nil }, body: Array(body.utf8), now: 0))
        #expect(failure.kind == kind)
        #expect(failure.message.contains(words), "\(failure.message)")
    }

    @Test(arguments: [
        (
            #"{"base_resp":{"status_code":1008,"status_msg":"insufficient balance"},"choices":null}"#,
            JobFailure.Kind.quotaExhausted
        ),
        (#"{"base_resp":{"status_code":1002,"status_msg":"rate limit exceeded(RPM)"}}"#, .rateLimited),
        (#"{"error":"rate limit exceeded"}"#, .rateLimited), (#"{"error":"unsupported value 'x'"}"#, .invalidRequest),
        (#"{"code":"-1","msg":"系统繁忙","data":{}}"#, .overloaded),
        (#"{"success":false,"message":"model not found"}"#, .modelNotFound),
    ])
    func `without a status the words decide`(_ body: String, _ kind: JobFailure.Kind) {
        for isStream in [false, true] {
            let bytes = isStream ? "data: \(body)\n\n" : body
            #expect(Self.answer(bytes, OpenAIOwnDialect.adapter, isStream: isStream).failure?.kind == kind)
        }
    }

    @Test(arguments: [
        #""error":null"#, #""error":"""#, #""error":{}"#, #""error":false"#, #""error":{"code":0,"message":"success"}"#,
        #""code":0,"message":"ok""#, #""code":"200","msg":"success""#,
        #""base_resp":{"status_code":0,"status_msg":""}"#,
        #""errors":[]"#, #""detail":null"#, #""success":true"#, #""status":"completed""#,
    ])
    func `what servers write beside their answers is no error`(_ member: String) {
        let body = #"{"choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}],"#
        #expect(Self.answer(body + member + "}", OpenAIOwnDialect.adapter, isStream: false).failure == nil)
        let chunk = #"{"choices":[{"index":0,"delta":{"content":"ok"},"finish_reason":null}],"#
        let last = #"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"# + "\n\ndata: [DONE]\n\n"
        let stream = Self.answer("data: \(chunk)\(member)}\n\n\(last)", OpenAIOwnDialect.adapter, isStream: true)
        #expect(stream.failure == nil && stream.text == "ok")
        let alone = Self.answer(
            "data: {\(member)}\n\ndata: \(chunk)\"x\":1}\n\n\(last)", OpenAIOwnDialect.adapter, isStream: true)
        #expect(alone.failure == nil && alone.text == "ok")
    }

    @Test func `a caller's quoted words make no account rest`() {
        let body = #"{"error":{"message":"Invalid value: 'insufficient balance, invalid api key'","type":"x"}}"#
        let failure = OpenAIOwnDialect.adapter.failure(
            UpstreamResponse(status: 400, headers: { _ in nil }, body: Array(body.utf8), now: 0))
        #expect(failure.kind == .invalidRequest)
    }

    @Test func `what the platform calls final is final`() {
        for wire in Self.wires {
            func failure(_ advice: String?) -> JobFailure {
                wire.adapter.failure(
                    UpstreamResponse(
                        status: 500, headers: { $0 == "x-should-retry" ? advice : nil }, body: [], now: 0))
            }
            #expect(failure("false").isFinal && !failure("true").isFinal && !failure(nil).isFinal, "\(wire.name)")
        }
        #expect(OpenAIOwnDialect.adapter.failure(inside: Array(#"{"error":"odd"}"#.utf8))?.isFinal == true)
    }

    @Test(
        arguments: [
            (#"{"error":{"code":429,"message":"Please try again in 6.5s."}}"#, Duration.milliseconds(6500)),
            (#"{"error":{"code":429,"message":"retry after 26 seconds"}}"#, .seconds(26)),
            (#"{"error":{"code":429,"message":"try again in 1m30s"}}"#, .seconds(90)),
            (#"{"error":{"code":429,"message":"x","retry_after":7}}"#, .seconds(7)),
            (#"{"error":{"code":429,"message":"x","details":[{"@type":"a"},{"retryDelay":"34s"}]}}"#, .seconds(34)),
            (#"{"error":{"code":429,"message":"x","retry_after":-7}}"#, nil),
            (#"{"error":{"code":429,"message":"try again in a moment"}}"#, nil),
            (#"{"error":{"code":429,"message":"try again in 99999999999999999999s"}}"#, .seconds(86_400)),
        ] as [(String, Duration?)])
    func `a limit says in its body how long it lasts`(_ body: String, _ rest: Duration?) {
        #expect(OpenAIOwnDialect.adapter.failure(inside: Array(body.utf8))?.retryAfter == rest)
    }

    @Test(
        arguments: [
            (["x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"], Duration.seconds(360)),
            (["x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "20ms"], .milliseconds(20)),
            (["x-ratelimit-remaining": "0", "x-ratelimit-reset": "1700000030"], .seconds(30)),
            (["x-ratelimit-remaining": "0", "x-ratelimit-reset": "1700000030000"], .seconds(30)),
            (["x-ratelimit-remaining": "3", "x-ratelimit-reset": "60"], nil),
            (["x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"], nil),
            (["x-ratelimit-remaining": "0", "x-ratelimit-reset": "nan"], nil),
        ] as [([String: String], Duration?)])
    func `a limit without retry-after lasts until what is used up begins anew`(
        _ headers: [String: String], _ rest: Duration?
    ) {
        let failure = OpenAIOwnDialect.adapter.failure(
            UpstreamResponse(status: 429, headers: { headers[$0] }, body: [], now: 1_700_000_000_000))
        #expect(failure.retryAfter == rest)
    }

    /// Go's gateways write all members of their struct.
    static let empty = #"{"error":{"message":"upstream is odd","type":"upstream_error","param":"","code":""}}"#

    @Test func `an empty code says nothing of an error, on every wire`() throws {
        for wire in Self.wires {
            let pinged = try #require(wire.adapter.failure(inside: Array(Self.empty.utf8)), "\(wire.name)")
            #expect(pinged.kind == .serverError && pinged.param == nil, "\(wire.name)")
            for (body, isStream) in [
                (Self.empty, false), (Self.empty, true), ("data: \(Self.empty)\n\n", true),
            ] {
                let answer = Self.answer(body, wire.adapter, isStream: isStream)
                #expect(answer.failure == pinged && answer.json.isEmpty, "\(wire.name)")
            }
        }
    }

    @Test func `an error with an empty code ends a stream that had begun`() {
        let text = #"data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}"#
        for wire in Self.wires where wire.adapter is OpenAIAdapter {
            let answer = Self.answer(
                "\(text)\n\ndata: \(Self.empty)\n\ndata: [DONE]\n\n", wire.adapter, isStream: true)
            #expect(answer.text == "hi" && answer.failure?.kind == .serverError, "\(wire.name)")
            #expect(!answer.json.joined().contains("upstream"), "\(wire.name)")
        }
    }

    @Test func `what stands under error beside an answer never goes out`() {
        let chunk =
            #"data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop","logprobs":{}}],"#
            + #""error":{"code":0,"message":"inner words"},"x":1}"#
        let answer = Self.answer("\(chunk)\n\ndata: [DONE]\n\n", OpenAIOwnDialect.adapter, isStream: true)
        #expect(answer.failure == nil && !answer.json.joined().contains("inner words"))
    }

    @Test func `a message of megabytes is cut before anybody examines it`() {
        let long = JSON.string(String(repeating: "模 ", count: 5_000_000))
        let body: JSON = .object(["error": .object(["message": long, "code": 999_999, "type": "odd"])])
        let native: JSON = .object(["Response": .object(["Error": .object(["Code": "Odd", "Message": long])])])
        let ernie: JSON = .object(["error_code": 999_999, "error_msg": long])
        let time = ContinuousClock().measure {
            #expect(OpenAIOwnDialect.failures.failure(inside: body) != nil)
            #expect(DashScopeFailure.inside(body) != nil)
            #expect(AnthropicFailure.inside(body) != nil)
            #expect(HunyuanFailure.inside(native) != nil)
            #expect(ErnieFailure.inside(ernie) != nil)
        }
        #expect(time < .seconds(20))
    }

    @Test func `texts are cut between two characters`() {
        var error = UpstreamError()
        error.message = String(repeating: "模", count: 5000)
        #expect(error.message == String(repeating: "模", count: UpstreamError.maxBytes / 3))
        error.code = String(repeating: "a", count: UpstreamError.maxBytes)
        #expect(error.code.utf8.count == UpstreamError.maxBytes)
        error.param = String(repeating: "a", count: UpstreamError.maxBytes + 1)
        #expect(error.param?.utf8.count == UpstreamError.maxBytes)
    }

    private static func answer(_ body: String, _ adapter: any ProviderAdapter, isStream: Bool) -> DecodedAnswer {
        let shape = ResponseContext(isStream: isStream, contentType: nil, model: "m")
        return DecodedAnswer(Array(body.utf8), cuts: [], adapter.makeDecoder(shape))
    }
}
