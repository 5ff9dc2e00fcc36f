import Testing

@testable import Shared

@Suite struct CompletionReplayTests {
    private func completion(_ choices: String) -> [UInt8] {
        Array(#"{"id":"i","object":"chat.completion","created":1,"model":"m","choices":[\#(choices)],"usage":{}}"#.utf8)
    }

    /// Played and put together again.
    private func roundTrip(_ completion: [UInt8]) throws -> JSON {
        var assembly = CompletionAssembly()
        assembly.add(try #require(CompletionReplay.payload(from: completion)))
        return assembly.completion(id: "x", created: 1, usage: nil)
    }

    @Test func `a text comes in pieces, with who speaks before and the finish after`() throws {
        let text = String(repeating: "多 words 🙂 ", count: 200)
        let quoted = String(decoding: JSON.string(text).encoded, as: UTF8.self)
        let whole = completion(
            #"{"index":0,"message":{"role":"assistant","content":\#(quoted),"refusal":null},"logprobs":null,"finish_reason":"stop"}"#
        )
        let chunks = try #require(CompletionReplay.chunks(from: whole))

        #expect((10...40).contains(chunks.count))
        #expect(chunks.allSatisfy { $0["model"]?.stringValue == "m" && $0["id"] == nil && $0["usage"] == nil })
        let deltas = chunks.map { $0["choices"]?[0]?["delta"] ?? .null }
        #expect(deltas.first?["role"]?.stringValue == "assistant")
        #expect(deltas.compactMap { $0["content"]?.stringValue }.joined() == text)
        let reasons = chunks.map { $0["choices"]?[0]?["finish_reason"] ?? .null }
        #expect(!reasons.dropLast().contains { !$0.isNull })
        #expect(reasons.last?.stringValue == "stop")
        #expect(try roundTrip(whole)["choices"]?[0]?["message"]?["content"]?.stringValue == text)
    }

    @Test func `reasoning, calls and several choices come through`() throws {
        let whole = completion(
            #"""
            {"index":0,"message":{"role":"assistant","content":null,"reasoning_content":"hm","tool_calls":[
            {"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},
            {"id":"d","type":"function","function":{"name":"g","arguments":"{}"}}]},"finish_reason":"tool_calls"},
            {"index":1,"message":{"role":"assistant","content":"ok","annotations":[1]},"finish_reason":"length"}
            """#)
        let again = try roundTrip(whole)

        let first = again["choices"]?[0]
        #expect(first?["finish_reason"]?.stringValue == "tool_calls")
        #expect(first?["message"]?["reasoning_content"]?.stringValue == "hm")
        #expect(first?["message"]?["tool_calls"]?[0]?["function"]?["arguments"]?.stringValue == #"{"a":1}"#)
        #expect(first?["message"]?["tool_calls"]?[1]?["id"]?.stringValue == "d")
        #expect(first?["message"]?["content"]?.isNull == true)
        let second = again["choices"]?[1]
        #expect(second?["message"]?["content"]?.stringValue == "ok")
        #expect(second?["message"]?["annotations"]?[0]?.intValue == 1)
        #expect(second?["finish_reason"]?.stringValue == "length")
    }

    @Test(arguments: ["", "nonsense", "{}", #"{"choices":[]}"#, #"{"data":[{"embedding":[1]}]}"#])
    func `what is no completion is not played`(_ text: String) {
        #expect(CompletionReplay.payload(from: Array(text.utf8)) == nil)
    }

    @Test func `an entry is read as it was written`() throws {
        var answer = CachedAnswer(
            model: "m", upstreamModel: "m-1", finishReason: "stop",
            usage: TokenUsage(
                input: 1, output: 2, cached: 3, reasoning: 4, cacheWrites: 5, hourlyCacheWrites: 2, isEstimated: true),
            body: Array("{\n}".utf8)
        )
        #expect(CachedAnswer(decoding: answer.encoded) == answer)
        (answer.upstreamModel, answer.finishReason) = (nil, nil)
        #expect(CachedAnswer(decoding: answer.encoded) == answer)
        for broken in [
            "", "{}", "{}\n{}", #"{"v":2,"model":"m","usage":[1,2,3,4,0]}"# + "\n{}",
            String(decoding: answer.encoded.prefix(40), as: UTF8.self),
        ] {
            #expect(CachedAnswer(decoding: Array(broken.utf8)) == nil)
        }
    }
}
