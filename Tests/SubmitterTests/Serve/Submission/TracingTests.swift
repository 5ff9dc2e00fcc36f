import Logging
import NIOPosix
import Shared
import TestSupport
import Testing

@testable import Submitter

/// The shim's spans, as a receiver gets them, and the context that it hands on in the queue entry.
@Suite(.timeLimit(.minutes(1))) struct TracingTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let caller = "00-\(trace)-b7ad6b7169203331-01"

    private func run(
        receiver: ProviderStub?, reachesPlatforms: Bool = false, _ body: (ShimFixture) async throws -> Void
    ) async throws {
        var settings = TracingSettings()
        settings.endpoint = receiver?.url
        settings.interval = .milliseconds(10)
        settings.reachesPlatforms = reachesPlatforms
        let tracing = Tracing(
            settings, service: "shim", instance: "shim-1", metrics: MetricsRegistry(),
            group: MultiThreadedEventLoopGroup.singleton, logger: ShimFixture.quiet)
        try await ShimFixture.run(tracing: tracing, body)
    }

    /// All spans that a receiver has got, by their names.
    private func spans(_ receiver: ProviderStub) throws -> [String: JSON] {
        var found: [String: JSON] = [:]
        for request in receiver.requests {
            let scope = try JSON(parsing: request.body)["resourceSpans"]?[0]?["scopeSpans"]?[0]
            for span in scope?["spans"]?.arrayValue ?? [] { found[span["name"]?.stringValue ?? ""] = span }
        }
        return found
    }

    private func attribute(_ span: JSON?, _ key: String) -> JSON? {
        span?["attributes"]?.arrayValue?.first { $0["key"]?.stringValue == key }?["value"]
    }

    @Test(arguments: ["/v1/chat/completions", "/api/v1/chat/completions", "/api/v1/jobs"])
    func `a request and its way into the queue are spans of the caller's trace`(_ path: String) async throws {
        let receiver = try ProviderStub.start { _ in .json("{}") }
        try await run(receiver: receiver) { shim in
            let headers = ["traceparent": Self.caller, "tracestate": "a=1", "x-priority": "high"]
            let native = #"{"model_name":"m","messages":[{"role":"user","content":"hi"}]}"#
            let body = path.hasPrefix("/v1") ? ShimFixture.chat : native
            let connection = try await shim.start(body, path: path, headers: headers)
            let attempt = try await shim.work()
            _ = try await attempt.finish(ChatTests.completion)
            let response = try await connection.response()
            try await connection.close()
            try await eventually("both spans are sent") { try spans(receiver).count == 2 }

            let spans = try spans(receiver)
            let (request, sending) = (spans["POST \(path)"], spans["send high"])
            #expect(request?["traceId"]?.stringValue == Self.trace && sending?["traceId"]?.stringValue == Self.trace)
            #expect(request?["parentSpanId"] == "b7ad6b7169203331" && request?["kind"] == 2)
            #expect(sending?["parentSpanId"] == request?["spanId"] && sending?["kind"] == 4)
            #expect(request?["traceState"] == "a=1")
            let id = try #require(sending?["spanId"]?.stringValue)
            #expect(attempt.job.trace?.parent == "00-\(Self.trace)-\(id)-01" && attempt.job.trace?.state == "a=1")
            #expect(attribute(request, "http.route")?["stringValue"]?.stringValue == path)
            #expect(
                attribute(request, "http.response.status_code")?["intValue"]?.stringValue == "\(response.status)")
            #expect(attribute(sending, "messaging.message.id")?["stringValue"]?.stringValue == attempt.job.id)
        }
    }

    @Test func `a request that is refused has a span alone, of its template`() async throws {
        let receiver = try ProviderStub.start { _ in .json("{}") }
        try await run(receiver: receiver) { shim in
            #expect(try await shim.get("/api/v1/jobs/0-unknown00?secret=1").status == 404)
            #expect(try await shim.send("POST", "/v1/chat/completions", body: "{}").status == 400)
            try await eventually("both spans are sent") { try spans(receiver).count == 2 }

            let spans = try spans(receiver)
            #expect(Set(spans.keys) == ["GET /api/v1/jobs/{id}", "POST /v1/chat/completions"])
            #expect(spans.values.allSatisfy { $0["parentSpanId"] == nil && $0["status"]?["code"] == 0 })
            #expect(!receiver.requests.contains { $0.text.contains("secret") })
        }
    }

    @Test(arguments: [nil, "junk", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"])
    func `a caller's wrong or unrecorded trace changes nothing of its request`(_ caller: String?) async throws {
        let receiver = try ProviderStub.start { _ in .json("{}") }
        try await run(receiver: receiver) { shim in
            let headers = caller.map { ["traceparent": $0] } ?? [:]
            let connection = try await shim.start(ShimFixture.chat, headers: headers)
            let attempt = try await shim.work()
            _ = try await attempt.finish(ChatTests.completion)
            #expect(try await connection.response().status == 200)
            try await connection.close()

            let isUnrecorded = caller?.hasSuffix("-00") == true
            #expect(attempt.job.trace?.isSampled == !isUnrecorded)
            #expect(!isUnrecorded || attempt.job.trace?.parent == caller)
        }
    }

    @Test func `probes and scrapes have no spans`() async throws {
        let receiver = try ProviderStub.start { _ in .json("{}") }
        try await run(receiver: receiver) { shim in
            for path in ["/live", "/ready", "/metrics"] { #expect(try await shim.get(path).status == 200) }
            _ = try await shim.get("/v1/models")
            try await eventually("a span is sent") { try !spans(receiver).isEmpty }
            #expect(try Set(spans(receiver).keys) == ["GET /v1/models"])
        }
    }

    @Test func `without a receiver the caller's context is handed on, for platforms alone`() async throws {
        for reachesPlatforms in [true, false] {
            try await run(receiver: nil, reachesPlatforms: reachesPlatforms) { shim in
                let connection = try await shim.start(ShimFixture.chat, headers: ["traceparent": Self.caller])
                let attempt = try await shim.work()
                _ = try await attempt.finish(ChatTests.completion)
                _ = try await connection.response()
                try await connection.close()

                #expect(attempt.job.trace?.parent == (reachesPlatforms ? Self.caller : nil))
            }
        }
    }
}
