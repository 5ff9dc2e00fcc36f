import Shared
import TestSupport
import Testing

@testable import Worker

/// Equal requests that are answered once.
@Suite(.timeLimit(.minutes(1))) struct CacheTests {
    private static let pieces = (0..<40).map { "wörd\($0) " }

    private func stub() throws -> ProviderStub {
        try ProviderStub.start { request in
            String(decoding: request.body, as: UTF8.self).contains(#""stream":true"#)
                ? .openAIStream(Self.pieces) : .openAICompletion(Self.pieces.joined())
        }
    }

    private func run(
        _ fixture: PipelineFixture, stream: Bool = false, more: String = "", ttl: Int? = 60, tenant: String = "default"
    ) async throws -> String {
        let id = try await fixture.submit(
            PipelineFixture.body(stream: stream, more: more), cacheTTL: ttl, tenant: tenant)
        try await fixture.worker().runOne()
        return id
    }

    @Test func `the second of two equal requests is answered byte for byte without a platform, for nothing`()
        async throws
    {
        let stub = try stub()
        try await PipelineFixture.run([stub]) { fixture in
            let first = try await fixture.end(try await run(fixture))
            let id = try await run(fixture, more: #","user":"somebody""#)
            let second = try await fixture.end(id)

            #expect(stub.counters.requests == 1)
            #expect(second.status == "done")
            #expect(second.result == first.result)
            #expect(first.meta["cached"] == false)
            #expect(second.meta["cached"] == true)
            #expect(second.meta["cost"]?.doubleValue == 0)
            #expect(second.meta["usage"] == first.meta["usage"])
            let bill = try #require(try await fixture.bills(id).first)
            #expect(try await fixture.billed(id) == ["1 final"])
            #expect(bill.provider == "cache")
            #expect(bill.model == "m")
            #expect(bill.status == .done)
            #expect(bill.usage == TokenUsage())
            #expect(bill.cost == 0)
            #expect(try await fixture.leftovers() == 0)
        }
    }

    @Test(arguments: [(false, true), (true, false), (true, true)])
    func `streamed and whole answers stand for each other`(_ first: Bool, _ second: Bool) async throws {
        let stub = try stub()
        try await PipelineFixture.run([stub]) { fixture in
            _ = try await run(fixture, stream: first)
            let id = try await run(fixture, stream: second)

            #expect(stub.counters.requests == 1)
            let end = try await fixture.end(id)
            #expect(end.status == "done")
            let whole = second ? nil : try JSON(parsing: Array(end.result.utf8))
            let text =
                second
                ? try await fixture.text(id) : whole?["choices"]?[0]?["message"]?["content"]?.stringValue
            #expect(text == Self.pieces.joined())
            if let whole {
                #expect(whole["choices"]?[0]?["finish_reason"] == "stop")
                #expect(whole["usage"]?["completion_tokens"]?.intValue == 3)
            } else {
                let deltas = try await fixture.queue.stream(fixture.queue.keys.log(id)).compactMap { $0.fields["d"] }
                #expect(deltas.count == 1)
                #expect(deltas[0].split(separator: "\n").count > 3)
                #expect(deltas[0].hasSuffix(#""finish_reason":"stop"}]}"#))
            }
            #expect(end.meta["usage"]?["completion_tokens"]?.intValue == 3)
            #expect(end.meta["cached"] == true)
            #expect(try await fixture.billed(id) == ["1 final"])
            #expect(try await fixture.leftovers() == 0)
        }
    }

    @Test func `who asks for something else, for another tenant, or for a fresh answer, gets one`() async throws {
        let stub = try stub()
        try await PipelineFixture.run([stub], cacheTTL: 60) { fixture in
            // The model's own wish.
            _ = try await run(fixture, ttl: nil)
            _ = try await run(fixture, ttl: nil)
            #expect(stub.counters.requests == 1)
            _ = try await run(fixture, ttl: 0)
            #expect(stub.counters.requests == 2)
            _ = try await run(fixture, more: #","temperature":0.5"#)
            #expect(stub.counters.requests == 3)
            _ = try await run(fixture, tenant: "other")
            #expect(stub.counters.requests == 4)
            let fresh = try await fixture.end(try await run(fixture, ttl: 0))
            #expect(fresh.meta["cached"] == nil)
        }
    }

    @Test func `nothing is kept unless somebody asks for it`() async throws {
        let stub = try stub()
        try await PipelineFixture.run([stub]) { fixture in
            _ = try await run(fixture, ttl: nil)
            _ = try await run(fixture, ttl: 60)
            #expect(stub.counters.requests == 2)
            let keys = try await fixture.queue.redis.send(RedisCommand("ZCARD", .string(fixture.queue.keys.cacheIndex)))
            #expect(keys.int == 1)
        }
    }

    @Test func `a failure, a cut stream and an answer that is too large are not kept`() async throws {
        let replies: [StubReply] = [
            .openAIError(status: 400), .openAIStream(["a", "b"], after: [0: [.close]]),
            .openAICompletion(String(repeating: "x", count: 3000)),
            .openAIStream([String(repeating: "x", count: 3000)]),
            .openAIStream(["cut"], finish: "content_filter"),
        ]
        for (index, reply) in replies.enumerated() {
            let stub = try ProviderStub.start { _ in reply }
            try await PipelineFixture.run([stub], settings: ["CACHE_MAX_BYTES": "2048"]) { fixture in
                let id = try await run(fixture, stream: [1, 3, 4].contains(index))
                _ = try await fixture.end(id)
                let keys = try await fixture.queue.redis.send(
                    RedisCommand("EXISTS", .string(fixture.queue.keys.cacheIndex)))
                #expect(keys.int == 0, "\(index)")
            }
        }
    }

    @Test func `a kept answer needs no account`() async throws {
        let stub = try stub()
        try await PipelineFixture.run([stub], limits: { $0.requestsPerMinute = 1 }) { fixture in
            _ = try await run(fixture)
            let id = try await run(fixture)
            #expect(try await fixture.end(id).status == "done")
            #expect(stub.counters.requests == 1)
        }
    }

    @Test func `what is kept but cannot be read is a miss`() async throws {
        let stub = try stub()
        try await PipelineFixture.run([stub]) { fixture in
            let body = Array(PipelineFixture.body().utf8)
            let key = CacheKey.make(
                tenant: "default", provider: nil, request: try ModelRequest(decoding: body, as: .chat))
            // Not even a string: Redis answers with an error.
            _ = try await fixture.queue.redis.send(
                RedisCommand("RPUSH", .string(fixture.queue.keys.cached(key)), .string("junk")))
            _ = try await fixture.queue.redis.send(
                RedisCommand("EXPIRE", .string(fixture.queue.keys.cached(key)), .int(60)))
            let end = try await fixture.end(try await run(fixture))
            #expect(end.status == "done")
            #expect(end.meta["cached"] == false)
        }
    }
}
