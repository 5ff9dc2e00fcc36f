import Shared
import Testing

@testable import Worker

/// The end of a stream, and calls in the style that the request asked for.
@Suite struct OpenAICompletenessTests: OpenAIShapeReading {
    @Test(
        arguments: [
            // (choices that begin, choices that end, [DONE], asked for, whole)
            ([0], [0], false, 1, true), ([0], [0], false, 2, false), ([0, 1], [0], false, 2, false),
            ([0, 1], [0], true, 2, false), ([0, 1], [0, 1], false, 2, true), ([0, 1], [], true, 2, true),
            ([0, 1], [], false, 2, false), ([0], [0], true, 2, true), ([0], [], true, 1, true),
            ([0], [], false, 1, false),
            ([0, 1], [0, 1], false, 1, true), ([], [], true, 1, false),
        ])
    func `a stream is whole when every choice that began, or was asked for, has ended`(
        _ begun: [Int], _ ended: [Int], _ isDone: Bool, _ n: Int, _ isWhole: Bool
    ) throws {
        let texts = begun.map { chunk(#"{"index":\#($0),"delta":{"content":"a"}}"#) }
        let ends = ended.map { chunk(#"{"index":\#($0),"delta":{},"finish_reason":"stop"}"#) }
        let (chunks, end) = try stream(texts + ends, done: isDone, n: n)

        switch end {
        case .success:
            #expect(isWhole)
            #expect(reasons(chunks).count == begun.count)
        case .failure(let failure):
            #expect(!isWhole)
            #expect(failure == (begun.isEmpty ? .unreadable("holds nothing but its frame") : .endedEarly))
            #expect(reasons(chunks).isEmpty)
        }
    }

    @Test func `a call in both styles is one call`() throws {
        let piece = { (text: String) in
            let function = #"{"name":"f","arguments":\#(text)}"#
            return
                #"{"function_call":\#(function),"tool_calls":[{"index":0,"id":"x","type":"function","function":\#(function)}]}"#
        }
        let (chunks, _) = try stream([delta(piece(#""{""#)), delta(piece(#""}""#)), delta("{}", finish: #""stop""#)])
        let calls = choices(chunks).flatMap { $0["delta"]?["tool_calls"]?.arrayValue ?? [] }

        #expect(Set(calls.compactMap { $0["index"]?.intValue }) == [0])
        #expect(calls.compactMap { $0["id"]?.stringValue } == ["x"])
        #expect(calls.compactMap { $0["function"]?["arguments"]?.stringValue }.joined() == "{}")
    }

    @Test func `events in a document's place are counted where the platform counts no output`() throws {
        let sse = OpenAIFixtures.sse(
            [
                delta(#"{"content":"some words to count"}"#, finish: #""stop""#),
                #"{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":0,"total_tokens":10}}"#,
            ], done: true)
        let end = try #require(
            DecodedAnswer(sse, cuts: [], OpenAIOwnDialect.adapter.dialect.decoder(shape(false))).end)
        #expect(end.usage?.input == 10)
        #expect((end.countedTokens ?? 0) > 0)
    }

    @Test(
        arguments: [
            #"{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]}"#,
            #"{"function_call":{"name":"f","arguments":"{\"a\":1}"}}"#,
            #"{"tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]}"#,
        ])
    func `a request in the old style is answered in it, whole and streamed, and another in the new`(_ call: String)
        throws
    {
        for reason in ["stop", "tool_calls", "function_call"] {
            let (old, end) = try stream([delta(call), delta("{}", finish: "\"\(reason)\"")], style: .function)
            let oldCall = choices(old).compactMap { $0["delta"]?["function_call"] }
            #expect(oldCall.compactMap { $0["name"]?.stringValue } == ["f"])
            #expect(oldCall.compactMap { $0["arguments"]?.stringValue }.joined() == #"{"a":1}"#)
            #expect(reasons(old) == ["function_call"])
            #expect(try end.get().finishReason == "function_call")

            let body = #"{"choices":[{"message":\#(call),"finish_reason":"\#(reason)"}]}"#
            let whole = try whole(body, style: .function).body["choices"]?[0]
            #expect(whole?["message"]?["function_call"] == ["name": "f", "arguments": #"{"a":1}"#])
            #expect(whole?["message"]?["tool_calls"] == nil)
            #expect(whole?["finish_reason"] == "function_call")

            let new = try self.whole(body).body["choices"]?[0]
            #expect(new?["message"]?["function_call"] == nil)
            #expect(new?["message"]?["tool_calls"]?[0]?["function"]?["arguments"]?.stringValue == #"{"a":1}"#)
            #expect(new?["finish_reason"] == "tool_calls")
            let streamed = try stream([delta(call), delta("{}", finish: "\"\(reason)\"")]).chunks
            #expect(joinedCalls(streamed) == [#"f {"a":1}"#])
            #expect(reasons(streamed) == ["tool_calls"])
        }
    }

    private func joinedCalls(_ chunks: [JSON]) -> [String] {
        var calls: [Int: String] = [:]
        for call in choices(chunks).flatMap({ $0["delta"]?["tool_calls"]?.arrayValue ?? [] }) {
            guard let index = call["index"]?.intValue else { continue }
            let name = call["function"]?["name"]?.stringValue.map { $0 + " " } ?? ""
            calls[index, default: ""] += name + (call["function"]?["arguments"]?.stringValue ?? "")
        }
        return calls.sorted { $0.key < $1.key }.map(\.value)
    }
}
