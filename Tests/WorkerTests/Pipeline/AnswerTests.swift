import Shared
import TestSupport
import Testing

@testable import Worker

/// Jobs that are answered, and their rows in the ledger.
@Suite(.timeLimit(.minutes(1))) struct AnswerTests {
    @Test func `an answer reaches the log byte for byte, with one bill and an empty queue`() async throws {
        let answer =
            #"{"id":"x","object":"chat.completion","created":1,"model":"up-1","choices":[{"index":0,"message":{"#
            + #""role":"assistant","content":"Grüße \u00e9 \"q\"","refusal":null},"logprobs":null,"finish_reason":"stop"}],"#
            + #""usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10},"unknown":{"b":1.50,"a":[]}}"#
        let stub = try ProviderStub.start { _ in .json(answer) }
        try await PipelineFixture.run([stub]) { fixture in
            let id = try await fixture.submit()

            try await fixture.worker().runOne()

            let end = try await fixture.end(id)
            #expect(end.status == "done")
            #expect(end.result == answer)
            #expect(try await fixture.logIDs(id) == ["1-0", PipelineFixture.endID])
            #expect(try await fixture.billed(id) == ["1 final"])
            let bill = try #require(try await fixture.bills(id).first)
            #expect(bill.status == .done)
            #expect(bill.usage == TokenUsage(input: 7, output: 3))
            #expect(bill.upstreamModel == "up-1")
            #expect(try await fixture.leftovers() == 0)
        }
    }

    @Test func `a streamed answer stands in the log whole and in order, its end last`() async throws {
        let pieces = (0..<200).map { "wörd\($0) " }
        let stub = try ProviderStub.start { _ in .openAIStream(pieces, splitEvery: 37) }
        try await PipelineFixture.run([stub]) { fixture in
            let id = try await fixture.submitStream()

            try await fixture.worker().runOne()

            #expect(try await fixture.text(id) == pieces.joined())
            let ids = try await fixture.logIDs(id)
            #expect(ids == (0..<(ids.count - 1)).map { "1-\($0)" } + [PipelineFixture.endID])
            #expect(try await fixture.end(id).status == "done")
            #expect(try await fixture.bills(id).map(\.usage) == [TokenUsage(input: 7, output: 3)])
            #expect(try await fixture.billed(id) == ["1 final"])
            #expect(try await fixture.leftovers() == 0)
        }
    }

    @Test func `the sandbox answers without any platform`() async throws {
        try await PipelineFixture.run([]) { fixture in
            let id = try await fixture.submit(PipelineFixture.body(model: "s"))

            try await fixture.worker().runOne()

            #expect(try await fixture.end(id).status == "done")
            #expect(try await fixture.bills(id).map(\.provider) == ["sandbox"])
            #expect(try await fixture.leftovers() == 0)
        }
    }

    @Test func `a stream whose platform reports no usage is billed with our own count, flagged`() async throws {
        let stub = try ProviderStub.start { _ in .openAIStream(["Hello", " there"], usage: nil) }
        try await PipelineFixture.run([stub]) { fixture in
            let id = try await fixture.submitStream()

            try await fixture.worker().runOne()

            let usage = try #require(try await fixture.bills(id).first?.usage)
            #expect(usage.isEstimated)
            #expect(usage.input > 0)
            #expect(usage.output > 0)
            #expect(try await fixture.end(id).meta["estimated"]?.boolValue == true)
        }
    }

    @Test func `usage in the last chunk with a choice counts, cached and reasoning tokens included`() async throws {
        let stub = try ProviderStub.start { _ in
            .sse([
                #"{"id":"x","object":"chat.completion.chunk","created":1,"model":"up","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}"#,
                #"{"id":"x","object":"chat.completion.chunk","created":1,"model":"up","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":20,"completion_tokens":9,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":5},"completion_tokens_details":{"reasoning_tokens":4}}}"#,
                "[DONE]",
            ])
        }
        try await PipelineFixture.run([stub]) { fixture in
            let id = try await fixture.submitStream()

            try await fixture.worker().runOne()

            #expect(
                try await fixture.bills(id).map(\.usage) == [TokenUsage(input: 20, output: 9, cached: 5, reasoning: 4)])
        }
    }

    @Test(arguments: [
        #""usage":null"#, #""usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#, #""x":1"#,
    ])
    func `where a platform counts nothing both ledger and caller have our estimate`(_ usage: String) async throws {
        let stub = try ProviderStub.start { _ in
            .json(
                #"{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hello there"},"#
                    + #""finish_reason":"stop"}],\#(usage)}"#)
        }
        try await PipelineFixture.run([stub]) { fixture in
            let id = try await fixture.submit()

            try await fixture.worker().runOne()

            let bill = try #require(try await fixture.bills(id).first).usage
            let shown = try JSON(parsing: Array(try await fixture.end(id).result.utf8))["usage"]
            #expect(bill.isEstimated && bill.input > 0 && bill.output > 0)
            #expect(shown?["prompt_tokens"] == .int(bill.input) && shown?["completion_tokens"] == .int(bill.output))
        }
    }

    @Test func `one answer where two were asked for is refused, and billed as it was paid`() async throws {
        let stub = try ProviderStub.start { _ in
            .json(
                #"{"choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":"#
                    + #"{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}"#)
        }
        try await PipelineFixture.run([stub]) { fixture in
            let id = try await fixture.submit(PipelineFixture.body(more: #","n":2"#))

            try await fixture.worker().runOne()

            #expect(try await fixture.end(id).kind == .unsupportedParameter)
            #expect(try await fixture.bills(id).map(\.usage) == [TokenUsage(input: 7, output: 3)])
            #expect(stub.counters.requests == 1)
        }
    }

    @Test func `what is counted in other words is billed and shown alike`() async throws {
        let stub = try ProviderStub.start { _ in
            .json(
                #"{"choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":"#
                    + #"{"prompt_tokens":100,"completion_tokens":5,"total_tokens":125,"reasoning_tokens":20,"#
                    + #""prompt_cache_hit_tokens":60}}"#)
        }
        try await PipelineFixture.run([stub]) { fixture in
            let id = try await fixture.submit()

            try await fixture.worker().runOne()

            let billed = TokenUsage(input: 100, output: 25, cached: 60, reasoning: 20)
            #expect(try await fixture.bills(id).map(\.usage) == [billed])
            let shown = try JSON(parsing: Array(try await fixture.end(id).result.utf8))["usage"]
            #expect(TokenUsage(shown: shown) == billed)
        }
    }

    @Test func `an answer that is cut off keeps what the platform had counted, cache and thinking included`()
        async throws
    {
        let stub = try ProviderStub.start { _ in
            .sse([
                #"{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}],"usage":{"prompt_tokens":50,"#
                    + #""completion_tokens":9,"cache_creation_input_tokens":30,"cached_tokens":10,"reasoning_tokens":4}}"#
            ])
        }
        try await PipelineFixture.run([stub]) { fixture in
            let id = try await fixture.submitStream()

            try await fixture.worker().runOne()

            #expect(
                try await fixture.bills(id).map(\.usage) == [
                    TokenUsage(input: 50, output: 9, cached: 10, reasoning: 4, cacheWrites: 30, isEstimated: true)
                ])
        }
    }
}
