import Shared
import Testing

@testable import Worker

@Suite struct HunyuanDecoderTests {
    private typealias Fixtures = HunyuanFixtures
    private static let head = #"{"model":"hunyuan-turbos-latest","choices":[{"index":0,"delta":"#

    @Test func `a text stream gives its deltas, its usage and its end`() {
        let outcome = hunyuanOutcome(Fixtures.textStream())

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
        #expect(outcome.end?.model == "hunyuan-turbos-latest")
        #expect(outcome.end?.requestID == "req-h")
        #expect(outcome.end?.body == [])
    }

    @Test(arguments: ["\n", "\r\n", "\r"])
    func `cutting the bytes anywhere changes nothing`(_ lineEnd: String) {
        let bytes = Fixtures.textStream(lineEnd: lineEnd)
        let whole = hunyuanOutcome(bytes)
        for cut in 0...bytes.count { #expect(hunyuanOutcome(bytes, cuts: [cut]) == whole) }
        #expect(hunyuanOutcome(bytes, cuts: Array(0...bytes.count)) == whole)
        #expect(whole.failure == nil)
    }

    @Test(arguments: [
        Fixtures.toolStream, Fixtures.reasoningStream, Fixtures.pieces(["a", "EN", "Db", "EN", "D"]),
        Array(Fixtures.completion.utf8), Array(Fixtures.error("InternalError").utf8),
    ])
    func `other bodies are the same however they are cut, too`(_ bytes: [UInt8]) {
        let whole = hunyuanOutcome(bytes, stops: ["END"])
        for cut in 0...bytes.count { #expect(hunyuanOutcome(bytes, cuts: [cut], stops: ["END"]) == whole) }
    }

    @Test func `calls are told apart by id, and id and name go out once`() {
        let outcome = hunyuanOutcome(Fixtures.toolStream)

        #expect(
            outcome.json.dropFirst() == [
                Self.head
                    + #"{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"get_weather","arguments":""}}]},"finish_reason":null}]}"#,
                Self.head
                    + ##"{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]},"finish_reason":null}]}"##,
                Self.head
                    + ##"{"tool_calls":[{"index":0,"function":{"arguments":"\"北京\"}"}}]},"finish_reason":null}]}"##,
                Self.head
                    + #"{"tool_calls":[{"index":1,"id":"call_2","type":"function","function":{"name":"now","arguments":""}}]},"finish_reason":null}]}"#,
                Self.head
                    + #"{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]},"finish_reason":null}]}"#,
                Self.head + #"{},"finish_reason":"tool_calls"}]}"#,
            ])
        #expect(outcome.end?.finishReason == "tool_calls")
        #expect(outcome.end?.usage?.output == 12)
    }

    @Test func `calls without ids are told apart by index, and get one`() throws {
        func call(_ index: Int, _ name: String, _ arguments: String) -> String {
            Fixtures.event(
                #""ToolCalls":[{"Index":\#(index),"Function":{"Name":"\#(name)","Arguments":"\#(arguments)"}}]"#)
        }
        let outcome = hunyuanOutcome(
            Fixtures.bytes(
                call(0, "a", ""), call(0, "", "{}"), call(1, "b", "{}"), Fixtures.event("", finish: "tool_calls")
            ).filterEmptyMembers)

        #expect(try outcome.arguments(0) == "{}")
        #expect(try outcome.arguments(1) == "{}")
        #expect(outcome.json.filter { $0.contains(#""id":"call_"#) && $0.contains(#""name":"#) }.count == 2)
        #expect(outcome.failure == nil)
    }

    @Test func `thinking is told apart from the answer`() {
        let outcome = hunyuanOutcome(Fixtures.reasoningStream)

        #expect(outcome.text(.reasoning) == "想一想")
        #expect(outcome.text == "好")
        #expect(outcome.json[1] == Self.head + #"{"reasoning_content":"想"},"finish_reason":null}]}"#)
    }

    @Test func `a filtered answer says so`() {
        let outcome = hunyuanOutcome(Fixtures.pieces(["a"], finish: "sensitive"))
        #expect(outcome.end?.finishReason == "content_filter")
        #expect(outcome.json.last == Self.head + #"{},"finish_reason":"content_filter"}]}"#)
    }

    @Test func `what the search found comes once, in a chunk of its own`() {
        let event =
            #"data: {"Choices":[{"Index":0,"Delta":{"Content":"a"},"FinishReason":"stop"}],"SearchInfo":{"SearchResults":[{"Index":1,"Url":"https://x.org"}]}}"#
            + "\n\n"
        let outcome = hunyuanOutcome(Array((event + event).utf8))
        #expect(outcome.json.filter { $0.contains("search_info") }.count == 1)
        #expect(outcome.json.last?.contains(#""choices":[],"search_info":{"SearchResults""#) == true)
    }

    // MARK: - Stop strings

    @Test(arguments: [
        (["END"], ["a", "EN", "D"], ["a"]), (["END"], ["aEND"], ["a"]), (["END"], ["aENx", "y"], ["aENx", "y"]),
        (["END"], ["a", "EN"], ["a", "EN"]), (["\n", "。"], ["一", "。"], ["一"]), (["aab"], ["a", "a", "a", "b"], ["a"]),
        (["bc", "abX"], ["ab", "c"], ["a"]), (["END"], ["ENDx", "END"], ["ENDx"]), (["🙂"], ["a🙂"], ["a"]),
        ([], ["aEND"], ["aEND"]), ([""], ["a"], ["a"]), (["b", "ab"], ["xab"], ["x"]),
        (["END"], ["e\u{301}E", "ND"], ["e\u{301}"]),
    ])
    func `no shown text holds the stop string that ended it`(_ stops: [String], _ given: [String], _ shown: [String]) {
        let outcome = hunyuanOutcome(Fixtures.pieces(given), stops: stops)

        #expect(outcome.pieces() == shown)
        #expect(outcome.end?.finishReason == "stop")
    }

    @Test func `text that only looks like a stop string is kept where something else ended the answer`() {
        #expect(hunyuanOutcome(Fixtures.pieces(["aEND"], finish: "sensitive"), stops: ["END"]).text == "aEND")
    }

    // MARK: - Whole answers

    @Test func `a whole answer becomes a completion`() {
        let outcome = hunyuanOutcome(
            Array(Fixtures.completion.utf8), isStream: false, contentType: "application/json", stops: ["🙂"])

        #expect(outcome.deltas.isEmpty)
        #expect(
            String(decoding: outcome.end?.body ?? [], as: UTF8.self)
                == #"{"id":"id-1","object":"chat.completion","created":1795380000,"model":"hunyuan-turbos-latest","#
                + #""choices":[{"index":0,"message":{"role":"assistant","content":"你好 ","refusal":null,"#
                + #""reasoning_content":"想"},"logprobs":null,"finish_reason":"stop"}],"#
                + #""usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"#
                + #""prompt_tokens_details":{"cached_tokens":1},"completion_tokens_details":{"reasoning_tokens":0}}}"#)
        #expect(outcome.end?.requestID == "req-1")
        #expect(outcome.end?.usage == TokenUsage(input: 3, output: 2, cached: 1))
    }

    @Test func `a stream that was answered as a whole becomes deltas`() {
        let outcome = hunyuanOutcome(Array(Fixtures.completion.utf8), contentType: "application/json")

        #expect(outcome.text == "你好 🙂")
        #expect(outcome.text(.reasoning) == "想")
        #expect(outcome.json.first == Self.head + #"{"role":"assistant","content":""},"finish_reason":null}]}"#)
        #expect(outcome.json.last == Self.head + #"{},"finish_reason":"stop"}]}"#)
        #expect(outcome.end?.usage == TokenUsage(input: 3, output: 2, cached: 1))
    }

    @Test func `a whole answer with calls has them`() {
        let body =
            #"{"Response":{"Choices":[{"Message":{"Content":"","ToolCalls":[{"Id":"c1","Type":"function","Function":{"Name":"f","Arguments":"{}"}}]},"FinishReason":"tool_calls"}]}}"#
        let outcome = hunyuanOutcome(Array(body.utf8), isStream: false)
        let text = String(decoding: outcome.end?.body ?? [], as: UTF8.self)
        #expect(
            text.contains(
                #""content":null,"refusal":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]"#
            ))
        #expect(outcome.end?.finishReason == "tool_calls")
        #expect(outcome.end?.countedTokens != nil)
    }

    // MARK: - Ends that are none

    @Test(arguments: [(4000, JobFailure.Kind.serverError), (4001, .timeout)])
    func `an error amid the stream ends it`(_ code: Int, _ kind: JobFailure.Kind) {
        let error = #"data: {"Choices":[],"ErrorMsg":{"Msg":"sk-geheim-1234567890","Code":\#(code)}}"# + "\n\n"
        let bytes = Fixtures.bytes(Fixtures.event(Fixtures.content("a")), error, Fixtures.event(Fixtures.content("b")))
        let whole = hunyuanOutcome(bytes)

        #expect(whole.text == "a")
        #expect(whole.failure?.kind == kind)
        #expect(whole.failure?.message.contains("geheim") == false)
        for cut in 0...bytes.count { #expect(hunyuanOutcome(bytes, cuts: [cut]) == whole) }
    }

    @Test(arguments: ["", "\n\n", "data: nonsense\n\n", "data: {}\n\n"])
    func `a stream without anything of an answer is named as such`(_ text: String) {
        #expect(hunyuanOutcome(Array(text.utf8)).failure?.kind == .unreadableAnswer)
    }

    @Test(arguments: [
        Fixtures.bytes(Fixtures.event(Fixtures.content("a"))),
        Fixtures.bytes(Fixtures.event(Fixtures.content("a")), "data: [DONE]\n\n"),
    ])
    func `a stream that ends before the answer does is broken`(_ bytes: [UInt8]) {
        #expect(hunyuanOutcome(bytes).failure?.kind == .streamBroken)
    }

    @Test(arguments: [
        ("<html>", "text/html; charset=utf-8", JobFailure.Kind.unreadableAnswer),
        ("{", "application/json", .unreadableAnswer),
        ("{}", "application/json", .unreadableAnswer),
    ])
    func `what is no answer is told apart`(_ body: String, _ contentType: String, _ kind: JobFailure.Kind) {
        for isStream in [true, false] {
            let outcome = hunyuanOutcome(Array(body.utf8), isStream: isStream, contentType: contentType)
            #expect(outcome.failure?.kind == kind)
        }
    }

    @Test func `an event above the limit is refused, one below it is read`() {
        let bytes = Fixtures.pieces([String(repeating: "好", count: 1_000_000)])
        #expect(hunyuanOutcome(bytes).text.count == 1_000_000)
        #expect(hunyuanOutcome(bytes, maxEventBytes: 1 << 20).failure?.kind == .unreadableAnswer)
    }

    @Test func `choices beyond what may be asked for are not kept`() {
        let said = ["-1", "128", "9223372036854775807"].map {
            #"data: {"Choices":[{"Index":\#($0),"Delta":{"Content":"x"},"FinishReason":""}]}"# + "\n\n"
        }
        let end = Fixtures.event(#""Content":"a""#, finish: "stop")
        let outcome = hunyuanOutcome(Array((said.joined() + end).utf8))

        #expect(outcome.failure == nil)
        #expect(outcome.text == "a")
    }
}

extension [UInt8] {
    /// Without the comma that an event without members of its own leaves.
    fileprivate var filterEmptyMembers: [UInt8] {
        let text = String(decoding: self, as: UTF8.self)
        return Array(text.split(separator: ",}", omittingEmptySubsequences: false).joined(separator: "}").utf8)
    }
}
