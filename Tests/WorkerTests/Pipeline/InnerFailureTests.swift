import Shared
import TestSupport
import Testing

@testable import Worker

/// Failures that a platform tells inside a 200: who is asked next, how often, and what the caller gets.
@Suite(.timeLimit(.minutes(1))) struct InnerFailureTests {
    private static let fine = StubReply.openAICompletion("fine")

    private static func refusal(_ error: String, isStream: Bool) -> StubReply {
        let body = #"{"id":"x","choices":[],"error":\#(error)}"#
        return isStream ? .sse([body]) : .json(body)
    }

    @Test(arguments: [false, true], [#"{"code":400,"message":"n is 1"}"#, #"{"code":"422","message":"n is 1"}"#])
    func `the request's own fault is asked once and told in the platform's words`(
        _ isStream: Bool, _ error: String
    ) async throws {
        let stubs = try (0..<2).map { _ in try ProviderStub.start { _ in Self.refusal(error, isStream: isStream) } }
        try await PipelineFixture.run(stubs) { fixture in
            let id = isStream ? try await fixture.submitStream() : try await fixture.submit()

            try await fixture.worker().runOne()

            let end = try await fixture.end(id)
            #expect(end.status == "error" && end.kind == .invalidRequest)
            #expect(end.result.contains("n is 1"))
            #expect(stubs.map(\.counters.requests).reduce(0, +) == 1)
        }
    }

    @Test(arguments: [false, true], [(402, "quota_exhausted"), (429, "rate_limited"), (401, "authentication")])
    func `an account that is refused inside a 200 is left for the next one, and not asked by the next job`(
        _ isStream: Bool, _ row: (status: Int, kind: String)
    ) async throws {
        let error = #"{"code":\#(row.status),"message":"no","retry_after":60}"#
        let first = try ProviderStub.start { _ in Self.refusal(error, isStream: isStream) }
        let second = try ProviderStub.start { _ in isStream ? .openAIStream(["fine"]) : Self.fine }
        try await PipelineFixture.run([first, second]) { fixture in
            let worker = try fixture.worker()
            func ask() async throws -> [String] {
                let id = isStream ? try await fixture.submitStream() : try await fixture.submit()
                try await worker.runOne()
                return try await fixture.end(id).trail
            }

            #expect(try await ask() == ["a0 \(row.kind)", "a1 ok"])
            #expect(try await ask() == ["a1 ok"])
            #expect(first.counters.requests == 1)
        }
    }

    @Test(arguments: [
        StubReply.json(#"{"error":"odd"}"#),
        .json(#"{"error":{"message":"no"}}"#, status: 500, headers: [("x-should-retry", "false")]),
    ])
    func `what would be said again is asked of each account once`(_ reply: StubReply) async throws {
        let stubs = try (0..<2).map { _ in try ProviderStub.start { _ in reply } }
        try await PipelineFixture.run(stubs) { fixture in
            let id = try await fixture.submit()

            try await fixture.worker().runOne()

            #expect(try await fixture.end(id).status == "error")
            #expect(stubs.map(\.counters.requests) == [1, 1])
        }
    }

    @Test func `an error after text ends the stream with it`() async throws {
        let text = #"{"choices":[{"index":0,"delta":{"content":"half"},"finish_reason":null}]}"#
        let last =
            #"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error","error":{"code":502,"message":"x"}}]}"#
        let stub = try ProviderStub.start { _ in .sse([text, last, "[DONE]"]) }
        try await PipelineFixture.run([stub]) { fixture in
            let id = try await fixture.submitStream()

            try await fixture.worker().runOne()

            #expect(try await fixture.text(id) == "half")
            #expect(try await fixture.end(id).status == "error")
            #expect(stub.counters.requests == 1)
        }
    }
}
