import Shared
import Testing

@testable import Worker

@Suite struct AnthropicDecoderTests {
    private typealias Fixtures = AnthropicFixtures
    private let head = #"{"model":"claude-haiku-5-5","choices":[{"index":0,"delta":"#

    @Test func `a text stream gives its deltas, its usage and its end`() {
        let outcome = anthropicOutcome(Fixtures.stream(Fixtures.textEvents), requestID: "req_1")

        #expect(outcome.text == "你好 🙂 e\u{301}")
        #expect(
            outcome.json == [
                head + #"{"role":"assistant","content":""},"finish_reason":null}]}"#,
                head + #"{"content":"你"},"finish_reason":null}]}"#,
                head + #"{"content":"好 🙂"},"finish_reason":null}]}"#,
                head + #"{"content":" e\#u{301}"},"finish_reason":null}]}"#,
                head + #"{},"finish_reason":"stop"}]}"#,
            ])
        #expect(outcome.deltas.map(\.isVisible) == [false, true, true, true, false])
        #expect(outcome.end?.usage == TokenUsage(input: 15, output: 15, cached: 4, cacheWrites: 2))
        #expect(outcome.end?.finishReason == "stop")
        #expect(outcome.end?.model == "claude-haiku-5-5")
        #expect(outcome.end?.requestID == "req_1")
        #expect(outcome.end?.body == [])
    }

    @Test(arguments: [
        Fixtures.textEvents, Fixtures.toolEvents, Fixtures.thinkingEvents,
        Array(Fixtures.textEvents.prefix(4)) + [#"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#],
    ])
    func `cutting the bytes anywhere changes nothing`(_ events: [String]) {
        for lineEnd in ["\n", "\r\n"] {
            let bytes = Fixtures.stream(events, lineEnd: lineEnd)
            let whole = anthropicOutcome(bytes)
            for cut in 0...bytes.count { #expect(anthropicOutcome(bytes, cuts: [cut]) == whole) }
            #expect(anthropicOutcome(bytes, cuts: Array(0...bytes.count)) == whole)
            #expect(whole == anthropicOutcome(Fixtures.stream(events)))
        }
    }

    @Test func `calls begin with id and name, and one without arguments has an empty object`() {
        let outcome = anthropicOutcome(Fixtures.stream(Fixtures.toolEvents))
        func call(_ json: String) -> String { head + #"{"tool_calls":[\#(json)]},"finish_reason":null}]}"# }

        #expect(
            outcome.json.dropFirst() == [
                call(
                    #"{"index":0,"id":"toolu_1","type":"function","function":{"name":"get_weather","arguments":""}}"#),
                call(##"{"index":0,"function":{"arguments":"{\"city\":"}}"##),
                call(##"{"index":0,"function":{"arguments":"\"北京\"}"}}"##),
                call(#"{"index":1,"id":"toolu_2","type":"function","function":{"name":"now","arguments":""}}"#),
                call(#"{"index":1,"function":{"arguments":"{}"}}"#),
                head + #"{},"finish_reason":"tool_calls"}]}"#,
            ])
    }

    @Test func `a call whose input came at once is told when it ends`() {
        let outcome = anthropicOutcome(
            Fixtures.stream([
                Fixtures.start, Fixtures.open(0, #"{"type":"tool_use","id":"a","name":"f","input":{"x":1}}"#),
                Fixtures.close(0), Fixtures.stop,
            ]))

        #expect(outcome.json.contains { $0.contains(##""arguments":"{\"x\":1}""##) })
        #expect(outcome.end?.finishReason == "tool_calls")
    }

    @Test func `thinking goes out as it comes, and signed when its block ends`() {
        let outcome = anthropicOutcome(Fixtures.stream(Fixtures.thinkingEvents))

        #expect(outcome.text(.reasoning) == "想🤔")
        #expect(outcome.text == "好")
        #expect(
            outcome.json[3] == head
                + #"{"thinking_blocks":[{"type":"thinking","thinking":"想🤔","signature":"EqA="}]},"finish_reason":null}]}"#
        )
        #expect(
            outcome.json[4] == head
                + #"{"thinking_blocks":[{"type":"redacted_thinking","data":"b64"}]},"finish_reason":null}]}"#)
        #expect(outcome.deltas[4].isVisible)
    }

    @Test(arguments: [
        ("end_turn", "stop"), ("stop_sequence", "stop"), ("pause_turn", "stop"), ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"), ("tool_use", "tool_calls"), ("refusal", "content_filter"),
        ("newer_than_us", "stop"),
    ])
    func `stop reasons are OpenAI's finish reasons`(_ stopReason: String, _ expected: String) throws {
        let stream = anthropicOutcome(Fixtures.stream([Fixtures.start, Fixtures.end(stopReason), Fixtures.stop]))
        let whole = anthropicOutcome(
            Array(#"{"type":"message","content":[],"stop_reason":"\#(stopReason)"}"#.utf8), isStream: false)

        #expect(stream.end?.finishReason == expected)
        #expect(whole.end?.finishReason == expected)
    }

    @Test func `usage is known from the start, and grows`() {
        var decoder = AnthropicAdapter.decoder(ResponseContext(isStream: true, contentType: nil, model: "m"))
        #expect(decoder.usage == nil)
        _ = decoder.feed(Fixtures.stream([Fixtures.start]))
        #expect(decoder.usage == TokenUsage(input: 15, output: 1, cached: 4, cacheWrites: 2))
        let end =
            #"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":10,"output_tokens":20,"#
            + #""output_tokens_details":{"thinking_tokens":6}}}"#
        _ = decoder.feed(Fixtures.stream([end]))
        #expect(decoder.usage == TokenUsage(input: 16, output: 20, cached: 4, reasoning: 6, cacheWrites: 2))
        #expect(!decoder.isComplete)
        _ = decoder.feed(Fixtures.stream([Fixtures.stop]))
        #expect(decoder.isComplete)
        #expect(decoder.feed(Fixtures.stream(Fixtures.textEvents)).isEmpty)
    }

    @Test(arguments: 1..<Fixtures.textEvents.count)
    func `a stream that ends before its terminator is broken`(_ count: Int) {
        let outcome = anthropicOutcome(Fixtures.stream(Array(Fixtures.textEvents.prefix(count))))
        #expect(outcome.failure?.kind == (outcome.text.isEmpty ? .unreadableAnswer : .streamBroken))
    }

    @Test func `the last event may lack its empty line`() {
        var bytes = Fixtures.stream(Fixtures.textEvents)
        bytes.removeLast()
        #expect(anthropicOutcome(bytes).end?.finishReason == "stop")
    }

    @Test func `an error in the midst of a stream is its end, after what came before`() {
        let error = #"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"r"}"#
        let events = Array(Fixtures.textEvents.prefix(5)) + [error, Fixtures.stop]
        let outcome = anthropicOutcome(Fixtures.stream(events))

        #expect(outcome.text == "你好 🙂")
        #expect(outcome.failure?.kind == .overloaded)
        #expect(outcome.failure?.code == "overloaded_error")
    }

    @Test(arguments: ["data: <html>\n\n", "data: [1]\n\n", "event: content_block_delta\ndata: {\n\n"])
    func `an event that nobody can read breaks the stream`(_ text: String) {
        #expect(anthropicOutcome(Array(text.utf8)).failure?.kind == .unreadableAnswer)
    }

    @Test func `events of a server that forgets to start are read, too`() {
        let outcome = anthropicOutcome(
            Fixtures.stream([Fixtures.open(0, #"{"type":"text","text":"a"}"#), Fixtures.text(0, "b"), Fixtures.stop]))

        #expect(outcome.text == "ab")
        #expect(outcome.json.first?.contains(#""role":"assistant""#) == true)
        #expect(outcome.end?.finishReason == "stop")
        #expect(outcome.end?.usage == nil)
    }

    @Test func `an event of several megabytes is read, one above the limit is not`() {
        let long = String(repeating: "字", count: 1_000_000)
        let events = [
            Fixtures.start, Fixtures.open(0, #"{"type":"text","text":""}"#), Fixtures.text(0, long), Fixtures.stop,
        ]
        let bytes = Fixtures.stream(events)

        #expect(anthropicOutcome(bytes, cuts: [1_000_000, 2_000_000]).text == long)
        #expect(anthropicOutcome(bytes, maxEventBytes: 1_000_000).failure?.kind == .unreadableAnswer)
    }
}
