import Shared
import TestSupport
import Testing

@testable import Submitter

@Suite(.timeLimit(.minutes(1)))
struct HTTPShapeTests {
    struct Refusal: Sendable, CustomTestStringConvertible {
        let method: String
        let path: String
        var headers: [String: String] = [:]
        var body = ""
        let status: Int
        let code: String
        var param: String?

        var testDescription: String { "\(method) \(path) \(body.prefix(60)) \(headers)" }
    }

    private static let chat = "/v1/chat/completions"
    private static let hi = #""messages":[{"role":"user","content":"hi"}]"#

    static let refusals: [Refusal] = [
        Refusal(method: "GET", path: "/nowhere", status: 404, code: "not_found"),
        Refusal(method: "GET", path: "/v1/chat", status: 404, code: "not_found"),
        Refusal(method: "GET", path: chat, status: 405, code: "method_not_allowed"),
        Refusal(method: "PUT", path: "/api/v1/jobs/0-ABCDEFGH", status: 405, code: "method_not_allowed"),
        Refusal(method: "POST", path: chat, body: "{", status: 400, code: "invalid_json"),
        Refusal(method: "POST", path: chat, body: "[]", status: 400, code: "invalid_type"),
        Refusal(method: "POST", path: chat, status: 400, code: "invalid_json"),
        Refusal(
            method: "POST", path: chat, body: "{\(hi)}", status: 400, code: "missing_required_parameter", param: "model"
        ),
        Refusal(
            method: "POST", path: chat, body: #"{"model":"m"}"#, status: 400, code: "missing_required_parameter",
            param: "messages"),
        Refusal(
            method: "POST", path: chat, body: #"{"model":"m","temperature":"9",\#(hi)}"#, status: 400,
            code: "invalid_type", param: "temperature"),
        Refusal(
            method: "POST", path: chat, body: #"{"model":"nobody",\#(hi)}"#, status: 404, code: "model_not_found",
            param: "model"),
        Refusal(
            method: "POST", path: chat, body: #"{"model":"old",\#(hi)}"#, status: 404, code: "model_not_found",
            param: "model"),
        Refusal(
            method: "POST", path: chat, body: #"{"model":"plain","stream":true,\#(hi)}"#, status: 400,
            code: "unsupported_parameter", param: "stream"),
        Refusal(
            method: "POST", path: chat, headers: ["content-type": "text/html"], body: "<p>", status: 415,
            code: "unsupported_media_type"),
        Refusal(
            method: "POST", path: chat, headers: ["content-type": "application/x-www-form-urlencoded"], body: "a=b",
            status: 415, code: "unsupported_media_type"),
        Refusal(
            method: "POST", path: chat, body: #"{"model":"m","x":"\#(String(repeating: "x", count: 5000))",\#(hi)}"#,
            status: 413, code: "request_too_large"),
        Refusal(
            method: "POST", path: chat, headers: ["x-tenant": "a b"], body: ShimFixture.chat, status: 400,
            code: "invalid_value", param: "X-Tenant"),
        Refusal(
            method: "POST", path: chat, headers: ["x-priority": "now"], body: ShimFixture.chat, status: 400,
            code: "invalid_value", param: "X-Priority"),
        Refusal(
            method: "POST", path: chat, headers: ["x-deadline-ms": "soon"], body: ShimFixture.chat, status: 400,
            code: "invalid_value", param: "X-Deadline-Ms"),
        Refusal(
            method: "POST", path: "/api/v1/chat/completions", body: #"{"model_name":"nobody",\#(hi)}"#, status: 404,
            code: "model_not_found", param: "model_name"),
        Refusal(method: "GET", path: "/api/v1/jobs/nonsense", status: 404, code: "not_found"),
        Refusal(method: "GET", path: "/api/v1/jobs/0-ABCDEFGH", status: 404, code: "not_found"),
        Refusal(method: "DELETE", path: "/api/v1/jobs/0-ABCDEFGH", status: 404, code: "not_found"),
        Refusal(method: "GET", path: "/api/v1/jobs/0-ABCDEFGH/stream", status: 404, code: "not_found"),
        Refusal(
            method: "GET", path: "/api/v1/jobs/0-ABCDEFGH/stream?last_event_id=x", status: 400, code: "invalid_value",
            param: "Last-Event-ID"),
        Refusal(method: "GET", path: "/v1/models/nobody", status: 404, code: "model_not_found", param: "model"),
        Refusal(
            method: "GET", path: "/api/v1/models/?provider=nobody", status: 400, code: "invalid_value",
            param: "provider"),
    ]

    @Test func `every refusal has its status, code and field, and enqueues nothing`() async throws {
        try await ShimFixture.run(configure: { $0.requests.maxBodyBytes = 4096 }) { shim in
            for refusal in Self.refusals {
                let response = try await shim.send(
                    refusal.method, refusal.path, headers: refusal.headers, body: refusal.body)
                let error = try JSON(parsing: response.body)["error"]
                #expect(response.status == refusal.status, "\(refusal.testDescription)")
                #expect(error?["code"]?.stringValue == refusal.code, "\(refusal.testDescription)")
                #expect(error?["param"]?.stringValue == refusal.param, "\(refusal.testDescription)")
                #expect(error?["message"]?.stringValue?.isEmpty == false, "\(refusal.testDescription)")
                #expect(
                    error?["request_id"]?.stringValue == response.headers["x-request-id"], "\(refusal.testDescription)")
            }
            #expect(try await shim.queued() == 0)
        }
    }

    @Test func `a model that is not there is named, as far as a name goes`() async throws {
        try await ShimFixture.run { shim in
            let body = { (name: String) in #"{"model":"\#(name)","messages":[{"role":"user","content":"hi"}]}"# }
            let unknown = try await shim.send("POST", Self.chat, body: body("nobody"))
            #expect(unknown.text.contains("The model 'nobody' does not exist"))
            #expect(try await shim.send("POST", Self.chat, body: body("old")).text.contains("'old' is disabled"))
            #expect(try await shim.get("/v1/models/nobody").text.contains("'nobody'"))
            let long = try await shim.send("POST", Self.chat, body: body(String(repeating: "n", count: 5000)))
            #expect(long.body.count < 500)
        }
    }

    @Test func `a wrong method names the right ones`() async throws {
        try await ShimFixture.run { shim in
            let chat = try await shim.get(Self.chat)
            let job = try await shim.send("PATCH", "/api/v1/jobs/0-ABCDEFGH")

            #expect(chat.headers["allow"] == "OPTIONS, POST")
            #expect(job.headers["allow"] == "DELETE, GET, HEAD, OPTIONS")
        }
    }

    @Test func `invalid UTF-8 is refused`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.connect()
            try await caller.send("POST \(Self.chat) HTTP/1.1\r\nhost: x\r\ncontent-length: 14\r\n\r\n")
            try await caller.send(bytes: Array("{\"model\":\"".utf8) + [0xFF, 0xFE] + Array("\"}".utf8))

            #expect(try await caller.response().status == 400)
        }
    }

    @Test func `a body without a length is cut off at the limit too`() async throws {
        try await ShimFixture.run(configure: { $0.requests.maxBodyBytes = 4096 }) { shim in
            let caller = try await shim.connect()
            try await caller.send("POST \(Self.chat) HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
            try await caller.send("1400\r\n" + String(repeating: " ", count: 0x1400) + "\r\n0\r\n\r\n")

            #expect(try await caller.response().status == 413)
        }
    }

    @Test func `a usable request id comes back, another one is replaced`() async throws {
        try await ShimFixture.run { shim in
            let known = try await shim.get("/live", headers: ["x-request-id": "abc-1"])
            let unknown = try await shim.get("/nowhere", headers: ["x-request-id": "abc-2"])
            #expect(known.headers["x-request-id"] == "abc-1")
            #expect(unknown.headers["x-request-id"] == "abc-2")
            let long = String(repeating: "x", count: 129)
            let replaced = try await shim.get("/live", headers: ["x-request-id": long])
            #expect(replaced.headers["x-request-id"]?.hasPrefix("req_") == true)
        }
    }

    @Test func `curl's default content type is let through`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.start(
                ShimFixture.chat, headers: ["content-type": "application/x-www-form-urlencoded"])
            let work = try await shim.work()
            try await work.finish("{}")
            #expect(try await caller.response().status == 200)
        }
    }

    @Test func `models are listed in both shapes`() async throws {
        try await ShimFixture.run { shim in
            #expect(
                try await shim.get("/v1/models").text
                    == #"{"object":"list","data":[{"id":"m","object":"model","created":0,"owned_by":"sandbox"},{"id":"plain","object":"model","created":0,"owned_by":"openai"}]}"#
            )
            #expect(try await shim.get("/v1/models/model-alias").text.hasPrefix(#"{"id":"m","#))
            let all = try JSON(parsing: try await shim.get("/api/v1/models/").body)
            #expect(all["data"]?.arrayValue?.compactMap { $0["id"]?.stringValue } == ["m", "plain"])
            let some = try JSON(parsing: try await shim.get("/api/v1/models?provider=openai").body)
            #expect(some["data"]?.arrayValue?.compactMap { $0["id"]?.stringValue } == ["plain"])
            let same = try await shim.get("/api/v1/models/openai/models").body
            #expect(try JSON(parsing: same) == some)
        }
    }

    @Test func `a shim without a catalogue is alive, not ready, and refuses with a time to come back`() async throws {
        try await ShimFixture.run(catalog: .init(catalog: nil), waitsUntilReady: false) { shim in
            #expect(try await shim.get("/live").status == 200)
            let ready = try await shim.get("/ready")
            #expect(ready.status == 503)
            #expect(ready.text.contains("catalogue: not loaded"))
            let refused = try await shim.send("POST", Self.chat, body: ShimFixture.chat)
            #expect(refused.status == 503)
            #expect(refused.headers["retry-after"] != nil)
        }
    }
}
