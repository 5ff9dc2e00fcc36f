import Shared
import Testing

@testable import Worker

@Suite struct ErnieDecoderTests {
    private typealias Fixtures = ErnieFixtures
    private static let head = #"{"model":"ERNIE-4.0-8K","choices":[{"index":0,"delta":"#

    @Test func `a text stream gives its deltas, its usage and its end`() {
        let outcome = ernieOutcome(Fixtures.textStream())

        #expect(
            outcome.json == [
                Self.head + #"{"role":"assistant","content":""},"finish_reason":null}]}"#,
                Self.head + #"{"content":"你"},"finish_reason":null}]}"#,
                Self.head + #"{"content":"好 🙂"},"finish_reason":null}]}"#,
                Self.head + #"{},"finish_reason":"stop"}]}"#,
            ])
        #expect(outcome.deltas.map(\.isVisible) == [false, true, true, false])
        #expect(outcome.end?.usage == TokenUsage(input: 9, output: 4))
        #expect(outcome.end?.finishReason == "stop")
        #expect(outcome.end?.model == "ERNIE-4.0-8K")
        #expect(outcome.end?.requestID == "as-1")
        #expect(outcome.end?.body == [])
    }

    @Test(arguments: ["\n", "\r\n", "\r"])
    func `cutting the bytes anywhere changes nothing`(_ lineEnd: String) {
        let bytes = Fixtures.textStream(lineEnd: lineEnd)
        let whole = ernieOutcome(bytes)
        for cut in 0...bytes.count { #expect(ernieOutcome(bytes, cuts: [cut]) == whole) }
        #expect(ernieOutcome(bytes, cuts: Array(0...bytes.count)) == whole)
        #expect(whole.failure == nil)
    }

    @Test(arguments: [Fixtures.callStream, Fixtures.text, Fixtures.call, Fixtures.error("336000")])
    func `other bodies are the same however they are cut, too`(_ bytes: [UInt8]) {
        let whole = ernieOutcome(bytes)
        for cut in 0...bytes.count { #expect(ernieOutcome(bytes, cuts: [cut]) == whole) }
    }

    @Test func `a call goes out once, with an id`() {
        let outcome = ernieOutcome(Fixtures.callStream)

        #expect(
            outcome.json.dropFirst() == [
                Self.head
                    + ##"{"tool_calls":[{"index":0,"id":"call_as-1","type":"function","function":{"name":"w","arguments":"{\"city\":\"北京\"}"}}]},"finish_reason":null}]}"##,
                Self.head + #"{},"finish_reason":"tool_calls"}]}"#,
            ])
        #expect(outcome.end?.finishReason == "tool_calls")
        #expect(outcome.end?.usage?.output == 8)
    }

    @Test(arguments: [
        ("normal", "false", "stop"), ("stop", "false", "stop"), ("length", "false", "length"),
        ("normal", "true", "length"), ("content_filter", "false", "content_filter"),
        ("function_call", "false", "tool_calls"), ("", "false", "stop"), ("", "true", "length"),
    ])
    func `finish reasons are OpenAI's`(_ given: String, _ isTruncated: String, _ expected: String) {
        let members = #""result":"a","is_truncated":\#(isTruncated),"finish_reason":"\#(given)""#
        #expect(ernieOutcome(Fixtures.completion(members), isStream: false).end?.finishReason == expected)
        let event = #"data: {"is_end":true,\#(members)}"# + "\n\n"
        #expect(ernieOutcome(Array(event.utf8)).end?.finishReason == expected)
    }

    // MARK: - Whole answers

    @Test func `a whole answer becomes a completion`() {
        let outcome = ernieOutcome(Fixtures.text, isStream: false, contentType: "application/json")

        #expect(outcome.deltas.isEmpty)
        #expect(
            String(decoding: outcome.end?.body ?? [], as: UTF8.self)
                == #"{"id":"as-1","object":"chat.completion","created":1795380000,"model":"ERNIE-4.0-8K","#
                + #""choices":[{"index":0,"message":{"role":"assistant","content":"你好 🙂","refusal":null},"#
                + #""logprobs":null,"finish_reason":"stop"}],"#
                + #""usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"#
                + #""prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}}"#)
        #expect(outcome.end?.requestID == "as-1")
    }

    @Test func `a whole answer with a call has it`() {
        let outcome = ernieOutcome(Fixtures.call, isStream: false)
        let text = String(decoding: outcome.end?.body ?? [], as: UTF8.self)
        #expect(
            text.contains(
                ##""content":null,"refusal":null,"tool_calls":[{"id":"call_as-1","type":"function","function":{"name":"w","arguments":"{\"city\":\"北京\"}"}}]"##
            ))
        #expect(outcome.end?.finishReason == "tool_calls")
    }

    @Test func `a stream that was answered as a whole becomes deltas`() {
        let outcome = ernieOutcome(Fixtures.text, contentType: "application/json")

        #expect(outcome.text == "你好 🙂")
        #expect(outcome.json.count == 3)
        #expect(outcome.json.last == Self.head + #"{},"finish_reason":"stop"}]}"#)
        #expect(outcome.end?.usage == TokenUsage(input: 3, output: 2))
    }

    // MARK: - Ends that are none

    @Test(arguments: ["data: ", ""])
    func `an error amid the stream ends it, with or without data before it`(_ prefix: String) {
        let error = prefix + String(decoding: Fixtures.error("336100"), as: UTF8.self) + "\n\n"
        let bytes = Fixtures.bytes(Fixtures.event(#""result":"a""#), error, Fixtures.event(#""result":"b""#))
        let whole = ernieOutcome(bytes)

        #expect(whole.text == "a")
        #expect(whole.failure?.kind == .overloaded)
        for cut in 0...bytes.count { #expect(ernieOutcome(bytes, cuts: [cut]) == whole) }
    }

    @Test(arguments: [[], Array("\n\n".utf8), Array("data: nonsense\n\n".utf8)])
    func `a stream without anything of an answer is named as such`(_ bytes: [UInt8]) {
        #expect(ernieOutcome(bytes).failure?.kind == .unreadableAnswer)
    }

    @Test(arguments: [
        Fixtures.bytes(Fixtures.event(#""result":"a""#)),
        Fixtures.bytes(Fixtures.event(#""result":"a""#), "data: [DONE]\n\n"),
    ])
    func `a stream that ends before the answer does is broken`(_ bytes: [UInt8]) {
        #expect(ernieOutcome(bytes).failure?.kind == .streamBroken)
    }

    @Test(arguments: [
        ("<html>", "text/html; charset=utf-8", JobFailure.Kind.unreadableAnswer),
        ("{", "application/json", .unreadableAnswer),
        ("{}", "application/json", .unreadableAnswer),
    ])
    func `what is no answer is told apart`(_ body: String, _ contentType: String, _ kind: JobFailure.Kind) {
        for isStream in [true, false] {
            let outcome = ernieOutcome(Array(body.utf8), isStream: isStream, contentType: contentType)
            #expect(outcome.failure?.kind == kind)
        }
    }

    @Test func `an event above the limit is refused, one below it is read`() {
        let text = String(repeating: "好", count: 1_000_000)
        let bytes = Fixtures.bytes(
            Fixtures.event(#""result":"\#(text)""#), Fixtures.event(#""result":"""#, isEnd: true))
        #expect(ernieOutcome(bytes).text.count == 1_000_000)
        #expect(ernieOutcome(bytes, maxEventBytes: 1 << 20).failure?.kind == .unreadableAnswer)
    }
}
