import TestSupport
import Testing

@testable import Shared
@testable import Worker

/// Spans of jobs that really run, as they wait to be sent, and the headers that platforms get.
@Suite(.timeLimit(.minutes(1))) struct JobTraceTests {
    private static let traceID = "0af7651916cd43dd8448eb211c80319c"
    private static let caller = TraceContext(parent: "00-\(traceID)-b7ad6b7169203331-01", state: "a=1")
    private static let unrecorded = TraceContext(parent: "00-\(traceID)-b7ad6b7169203331-00")

    private let queue = SpanQueue(
        limit: 100, batch: 100, dropped: MetricsRegistry().counter(.traceSpans, "dropped"))

    private func tracer(records: Bool = true, reachesPlatforms: Bool = false) -> Tracer {
        Tracer(TraceSampler(.parentElseOn), queue: records ? queue : nil, reachesPlatforms: reachesPlatforms)
    }

    private func value(_ span: TraceSpan?, _ key: String) -> TraceSpan.Value? {
        span?.attributes.first { $0.key == key }?.value
    }

    @Test func `wait, claim and each call have spans below the one that sent the job`() async throws {
        let first = try ProviderStub.start { _ in .openAIError(status: 500, type: "server_error") }
        let second = try ProviderStub.start { _ in .openAICompletion("fine") }
        try await PipelineFixture.run([first, second], tracer: tracer()) { fixture in
            let more = #","temperature":0.5,"max_tokens":7,"seed":3"#
            let id = try await fixture.submit(PipelineFixture.body(more: more), trace: Self.caller)

            try await fixture.worker().runOne()

            let spans = queue.take()
            #expect(spans.map(\.name) == ["wait normal", "chat m", "chat m", "process normal"])
            #expect(spans.allSatisfy { $0.context.trace == Self.caller?.trace && $0.context.state == "a=1" })
            #expect(Set(spans.map(\.context.span)).count == 4)
            let (wait, failed, answered, claim) = (spans[0], spans[1], spans[2], spans[3])
            #expect(wait.parent == Self.caller && wait.isParentRemote && wait.kind == .internal)
            #expect(claim.parent == Self.caller && claim.isParentRemote && claim.kind == .consumer)
            #expect([failed, answered].allSatisfy { $0.parent == claim.context && $0.kind == .client })
            #expect(spans.allSatisfy { $0.start <= $0.end ?? 0 } && claim.start <= failed.start)
            #expect(value(claim, SpanKey.messageID) == .text(id) && value(claim, SpanKey.attempts) == .number(2))
            #expect(failed.hasFailed && value(failed, SpanKey.errorType) == .text("server_error"))
            #expect(value(failed, SpanKey.status) == .number(500) && value(failed, SpanKey.account) == .text("a0"))
            #expect(!answered.hasFailed && !claim.hasFailed)
            #expect(value(answered, SpanKey.attempt) == .number(2))
            #expect(value(answered, SpanKey.maxTokens) == .number(7) && value(answered, SpanKey.seed) == .number(3))
            #expect(value(answered, SpanKey.temperature) == .decimal(0.5))
            #expect(value(answered, SpanKey.serverAddress) == .text("127.0.0.1"))
            #expect(value(answered, SpanKey.serverPort) == .number(second.port))
        }
    }

    @Test func `a call has the numbers of its ledger row`() async throws {
        let stub = try ProviderStub.start { _ in .openAIStream(["Hel", "lo"]) }
        try await PipelineFixture.run([stub], tracer: tracer()) { fixture in
            let id = try await fixture.submit(PipelineFixture.body(stream: true))

            try await fixture.worker().runOne()

            let row = try #require(try await fixture.bills(id).last)
            let call = try #require(queue.take().first { $0.kind == .client })
            #expect(value(call, SpanKey.inputTokens) == .number(row.usage.input))
            #expect(value(call, SpanKey.outputTokens) == .number(row.usage.output))
            #expect(value(call, SpanKey.requestStream) == .flag(true))
            #expect(value(call, SpanKey.timeToFirstChunk) == row.firstToken.map { .decimal(Double($0) / 1000) })
            #expect(value(call, SpanKey.finishReasons) == row.finishReason.map { .texts([$0]) })
            #expect(value(call, SpanKey.operation) == .text("chat") && value(call, SpanKey.provider) == .text("openai"))
        }
    }

    @Test func `no span has a word of prompt or answer`() async throws {
        let stub = try ProviderStub.start { _ in .openAICompletion("the answer is okapi") }
        try await PipelineFixture.run([stub], tracer: tracer()) { fixture in
            let more = #","stop":["quagga"],"user":"quagga""#
            _ = try await fixture.submit(
                PipelineFixture.body(more: more).replacing(#""hi""#, with: #""quagga""#))

            try await fixture.worker().runOne()

            let text = String(
                decoding: OTLPBody(resource: []).packed(queue.take(), .none).bytes, as: UTF8.self)
            #expect(text.contains("chat m") && !text.contains("quagga") && !text.contains("okapi"))
        }
    }

    @Test func `a job without a trace begins one, and one that nobody records has no spans`() async throws {
        let stub = try ProviderStub.start { _ in .openAICompletion("fine") }
        try await PipelineFixture.run([stub], tracer: tracer()) { fixture in
            _ = try await fixture.submit(trace: Self.unrecorded)
            try await fixture.worker().runOne()
            #expect(queue.take().isEmpty)

            _ = try await fixture.submit()
            try await fixture.worker().runOne()
            let spans = queue.take()
            #expect(spans.count == 3 && Set(spans.map(\.context.trace)).count == 1)
            let claim = try #require(spans.last)
            #expect(claim.parent == nil && spans.dropLast().allSatisfy { $0.parent == claim.context })
        }
    }

    @Test func `platforms are told of the call's span where that is wished, and of nothing else`() async throws {
        let stub = try ProviderStub.start { _ in .openAICompletion("fine") }
        for reachesPlatforms in [true, false] {
            try await PipelineFixture.run([stub], tracer: tracer(reachesPlatforms: reachesPlatforms)) { fixture in
                _ = try await fixture.submit(trace: Self.caller)

                try await fixture.worker().runOne()

                let call = try #require(queue.take().first { $0.kind == .client })
                let request = try #require(stub.requests.last)
                #expect(request.header("traceparent") == (reachesPlatforms ? call.context.parent : nil))
                #expect(request.header("tracestate") == (reachesPlatforms ? "a=1" : nil))
            }
        }
    }

    @Test func `without a receiver the caller's own context reaches the platform`() async throws {
        let stub = try ProviderStub.start { _ in .openAICompletion("fine") }
        let tracer = tracer(records: false, reachesPlatforms: true)
        try await PipelineFixture.run([stub], tracer: tracer) { fixture in
            _ = try await fixture.submit(trace: Self.caller)
            try await fixture.worker().runOne()
            _ = try await fixture.submit()
            try await fixture.worker().runOne()

            #expect(stub.requests.map { $0.header("traceparent") } == [Self.caller?.parent, nil])
        }
    }

    @Test(arguments: [
        ("https://api.openai.com/v1/chat", "api.openai.com", nil), ("http://127.0.0.1:8080", "127.0.0.1", 8080),
        ("http://[::1]:8080/v1?x=1", "::1", 8080), ("http://[::1]/", "::1", nil),
        ("http://user:key@host:1/", "host", 1), ("http://host:port/", "host", nil),
    ] as [(String, String, Int?)])
    func `of a platform's address host and port are shown`(_ url: String, _ host: String, _ port: Int?) {
        #expect(ServerAddress(url)?.host == host && ServerAddress(url)?.port == port)
    }

    @Test(arguments: ["", "host", "http://", "http:///v1"]) func `of no address nothing is`(_ url: String) {
        #expect(ServerAddress(url) == nil)
    }
}
