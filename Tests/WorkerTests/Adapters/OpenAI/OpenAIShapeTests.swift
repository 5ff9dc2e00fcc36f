import Shared
import Testing

@testable import Worker

/// Members that servers with OpenAI's wire leave out or write otherwise, and the shape that callers get.
@Suite struct OpenAIShapeTests {
    private func shape(
        _ isStream: Bool, style: CallStyle = .tools, n: Int = 1, functions: Set<String> = []
    ) -> ResponseContext {
        var shape = ResponseContext(isStream: isStream, contentType: nil, model: "asked", now: 1_795_380_000_123)
        shape.calls = CallForm(style: style, functions: functions, ids: CallIDs("job-1"))
        shape.choices = n
        return shape
    }

    private func stream(
        _ chunks: [String], done: Bool = true, style: CallStyle = .tools, n: Int = 1,
        _ wire: OpenAIAdapter = OpenAIOwnDialect.adapter
    ) throws -> (chunks: [JSON], end: Result<ChatCompletionEnd, JobFailure>) {
        let answer = DecodedAnswer(
            OpenAIFixtures.sse(chunks, done: done), cuts: [], wire.dialect.decoder(shape(true, style: style, n: n)))
        let chunks = try answer.deltas.map { try JSON(parsing: $0.json) }
        if let failure = answer.failure { return (chunks, .failure(failure)) }
        return (chunks, .success(try #require(answer.end)))
    }

    private func whole(
        _ body: String, style: CallStyle = .tools, _ wire: OpenAIAdapter = OpenAIOwnDialect.adapter
    ) throws -> (body: JSON, end: ChatCompletionEnd) {
        let answer = DecodedAnswer(Array(body.utf8), cuts: [], wire.dialect.decoder(shape(false, style: style)))
        let end = try #require(answer.end)
        return (try JSON(parsing: end.body), end)
    }

    private func chunk(_ choice: String) -> String { #"{"id":"x","model":"m","choices":[\#(choice)]}"# }

    private func delta(_ delta: String, finish: String = "null") -> String {
        chunk(#"{"index":0,"delta":\#(delta),"finish_reason":\#(finish)}"#)
    }

    private func choices(_ chunks: [JSON]) -> [JSON] { chunks.flatMap { $0["choices"]?.arrayValue ?? [] } }

    private func joined(_ chunks: [JSON], _ field: String) -> String {
        choices(chunks).compactMap { $0["delta"]?[field]?.stringValue }.joined()
    }

    private func reasons(_ chunks: [JSON]) -> [String] {
        choices(chunks).compactMap { $0["finish_reason"]?.stringValue }
    }

    // MARK: - Streams

    /// The deltas, and what they say together: "content|reasoning|finish reason".
    static let streams: [(String, [String], String)] = [
        (
            "null delta at the end",
            [
                #"{"index":0,"delta":{"role":"assistant","content":"hi"}}"#,
                #"{"index":0,"delta":null,"finish_reason":"stop"}"#,
            ], "hi||stop"
        ),
        (
            "no delta at the end", [#"{"index":0,"delta":{"content":"hi"}}"#, #"{"index":0,"finish_reason":"stop"}"#],
            "hi||stop"
        ),
        ("no index", [#"{"delta":{"content":"hi"}}"#, #"{"delta":{},"finish_reason":"stop"}"#], "hi||stop"),
        (
            "the whole message once more at the end",
            [
                #"{"index":0,"delta":{"content":"h","reasoning":"let"}}"#, #"{"index":0,"delta":{"content":"i"}}"#,
                #"{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"hi","reasoning":"let"}}"#,
            ], "hi|let|stop"
        ),
        (
            "messages in the deltas' place",
            [
                #"{"index":0,"message":{"role":"assistant","content":"h"}}"#,
                #"{"index":0,"message":{"role":"assistant","content":"i"},"finish_reason":"stop"}"#,
            ], "hi||stop"
        ),
        (
            "role in every delta",
            [
                #"{"index":0,"delta":{"role":"assistant","content":"h"}}"#,
                #"{"index":0,"delta":{"role":"assistant","content":"i"}}"#,
                #"{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":"stop"}"#,
            ], "hi||stop"
        ),
        (
            "an empty finish reason until the end",
            [
                #"{"index":0,"delta":{"content":"hi"},"finish_reason":""}"#,
                #"{"index":0,"delta":{},"finish_reason":"stop"}"#,
            ], "hi||stop"
        ),
        ("no finish reason at all", [#"{"index":0,"delta":{"content":"hi"}}"#], "hi||stop"),
        (
            "an empty finish reason at the end", [#"{"index":0,"delta":{"content":"hi"},"finish_reason":""}"#],
            "hi||stop"
        ),
        (
            "the finish reason twice",
            [
                #"{"index":0,"delta":{"content":"hi"},"finish_reason":"length"}"#,
                #"{"index":0,"delta":{},"finish_reason":"stop"}"#,
            ], "hi||length"
        ),
        (
            "the finish reason in front of the last text",
            [
                #"{"index":0,"delta":{"content":"h"}}"#,
                #"{"index":0,"delta":{},"finish_reason":"stop"}"#, #"{"index":0,"delta":{"content":"i"}}"#,
            ], "hi||stop"
        ),
        (
            "reasoning as vLLM names it",
            [
                #"{"index":0,"delta":{"reasoning":"let "}}"#,
                #"{"index":0,"delta":{"reasoning":"me"}}"#,
                #"{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}"#,
            ],
            "hi|let me|stop"
        ),
        (
            "reasoning under two names",
            [
                #"{"index":0,"delta":{"reasoning":"a","reasoning_content":"a"}}"#,
                #"{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}"#,
            ], "hi|a|stop"
        ),
        (
            "reasoning beside its details, as OpenRouter has it",
            [
                #"{"index":0,"delta":{"content":"","reasoning":"a","reasoning_details":[{"type":"reasoning.text","text":"a"}]}}"#,
                #"{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}"#,
            ], "hi|a|stop"
        ),
        (
            "reasoning in its details alone",
            [
                #"{"index":0,"delta":{"content":"","reasoning_details":[{"type":"reasoning.text","text":"a"}]}}"#,
                #"{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}"#,
            ], "hi|a|stop"
        ),
        (
            "content in parts, as Mistral has it",
            [
                #"{"index":0,"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"a"}]}]}}"#,
                #"{"index":0,"delta":{"content":[{"type":"text","text":"h"}]}}"#,
                #"{"index":0,"delta":{"content":"i"}}"#,
                #"{"index":0,"delta":{"content":""},"finish_reason":"stop"}"#,
            ], "hi|a|stop"
        ),
        (
            "empty calls",
            [
                #"{"index":0,"delta":{"role":"assistant","content":"","tool_calls":[]}}"#,
                #"{"index":0,"delta":{"content":"hi","tool_calls":[]}}"#,
                #"{"index":0,"delta":{"tool_calls":[]},"finish_reason":"stop"}"#,
            ], "hi||stop"
        ),
        (
            "null calls and null functions",
            [
                #"{"index":0,"delta":{"role":null,"content":"hi","tool_calls":null,"function_call":null,"refusal":null}}"#,
                #"{"index":0,"delta":{"content":null,"tool_calls":null},"finish_reason":"stop"}"#,
            ], "hi||stop"
        ),
        (
            "a message in place of the delta",
            [
                #"{"index":0,"message":{"role":"assistant","content":"hi"}}"#,
                #"{"index":0,"message":{},"finish_reason":"stop"}"#,
            ], "hi||stop"
        ),
        (
            "the text of the old completions",
            [#"{"index":0,"text":"hi"}"#, #"{"index":0,"text":"","finish_reason":"stop"}"#],
            "hi||stop"
        ),
        ("no word of text", [#"{"index":0,"delta":{},"finish_reason":"length"}"#], "||length"),
        (
            "content of another type",
            [#"{"index":0,"delta":{"content":42}}"#, #"{"index":0,"delta":{},"finish_reason":"eos"}"#],
            "42||stop"
        ),
    ]

    @Test(arguments: streams)
    func `a stream says who speaks first, the text whole, and its end once and last`(
        _ name: String, _ given: [String], _ expected: String
    ) throws {
        let (chunks, end) = try stream(given.map(chunk))

        let said = [
            joined(chunks, "content"), joined(chunks, "reasoning_content"), reasons(chunks).joined(separator: ","),
        ]
        #expect(said.joined(separator: "|") == expected)
        let choices = choices(chunks)
        #expect(choices.map { $0["delta"]?["role"] != nil } == [true] + choices.dropFirst().map { _ in false })
        #expect(choices.first?["delta"]?["role"] == "assistant")
        #expect(choices.last?["finish_reason"]?.stringValue == reasons(chunks).last)
        #expect(
            choices.allSatisfy { $0["index"] == 0 && $0["delta"]?.objectValue != nil && $0["finish_reason"] != nil })
        #expect(choices.allSatisfy { $0["delta"]?["tool_calls"] == nil && $0["delta"]?["reasoning"] == nil })
        #expect(chunks.allSatisfy { $0["model"] == "m" })
        #expect(try end.get().finishReason == reasons(chunks).last)
    }

    @Test func `a server that names no model gets that of the route, in every chunk`() throws {
        let (chunks, _) = try stream([
            #"{"choices":[{"delta":{"content":"a"}}]}"#, #"{"model":"","choices":[{"delta":{"content":"b"}}]}"#,
            #"{"model":"m","choices":[{"delta":{},"finish_reason":"stop"}]}"#,
        ])
        #expect(chunks.map { $0["model"]?.stringValue } == ["asked", "asked", "m"])
    }

    @Test func `calls end a stream as calls, whatever reason is given for it`() throws {
        let call = delta(#"{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}]}"#)
        for reason in [#""stop""#, #""tool_calls""#, #""function_call""#, #""tool_use""#, #""STOP""#, #""""#, "null"] {
            let (chunks, end) = try stream([call, delta("{}", finish: reason)])
            #expect(reasons(chunks) == ["tool_calls"])
            #expect(try end.get().finishReason == "tool_calls")
        }
        #expect(reasons(try stream([call, delta("{}", finish: #""length""#)]).chunks) == ["length"])
    }

    @Test(
        arguments: [
            ("eos", "stop", "stop"), ("end_turn", "stop", "stop"), ("STOP", "stop", "stop"),
            ("max_tokens", "length", "length"), ("MAX_TOKENS", "length", "length"),
            ("SAFETY", "content_filter", "content_filter"), ("PROHIBITED_CONTENT", "content_filter", "content_filter"),
            ("never_heard_of", "stop", "never_heard_of"), ("a reason in words", "stop", "stop"),
        ])
    func `the caller is told a reason of OpenAI's list, the ledger keeps what has none there`(
        _ word: String, _ said: String, _ booked: String
    ) throws {
        let quoted = "\"\(word)\""
        let (chunks, end) = try stream([delta(#"{"content":"a"}"#), delta("{}", finish: quoted)])
        let answer = try whole(#"{"choices":[{"message":{"content":"a"},"finish_reason":\#(quoted)}]}"#)

        #expect(reasons(chunks) == [said])
        #expect(try end.get().finishReason == booked)
        #expect(answer.body["choices"]?[0]?["finish_reason"]?.stringValue == said)
        #expect(answer.end.finishReason == booked)
    }

    @Test func `log probabilities have both their lists`() throws {
        let (chunks, _) = try stream([
            chunk(#"{"index":0,"delta":{"content":"a"},"logprobs":{"content":[]}}"#),
            chunk(#"{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}"#),
        ])
        #expect(choices(chunks)[0]["logprobs"] == ["content": [], "refusal": .null])
        #expect(choices(chunks)[1]["logprobs"] == .null)
    }

    // MARK: - Completeness

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

    // MARK: - Whole answers

    private let good = #"""
        {"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant",
        "content":null,"refusal":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
        "logprobs":null,"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}
        """#

    @Test func `an answer that lacks nothing passes byte for byte`() throws {
        let answer = try whole(good)
        #expect(answer.end.body == Array(good.utf8))
    }

    @Test func `members that OpenAI's schema requires are completed`() throws {
        let body = try whole(#"{"id":"","created":null,"choices":[{"finish_reason":"length"}],"usage":null}"#).body

        #expect(body["id"] == "chatcmpl-job-1")
        #expect(body["object"] == "chat.completion")
        #expect(body["created"] == 1_795_380_000)
        #expect(body["model"] == "asked")
        #expect(body["usage"] == nil)
        let message: JSON = ["role": "assistant", "content": .null, "refusal": .null]
        let choice: JSONObject = ["finish_reason": "length", "index": 0, "message": message, "logprobs": .null]
        for member in choice.members { #expect(body["choices"]?[0]?[member.key] == member.value) }
    }

    @Test(
        arguments: [
            (#"{"id":"","type":"function","function":{"name":"f","arguments":{"a":1}}}"#, #"{"a":1}"#),
            (#"{"function":{"name":"f","arguments":null}}"#, "{}"), (#"{"function":{"name":"f"}}"#, "{}"),
            (#"{"id":null,"type":null,"function":{"name":"f","arguments":""}}"#, "{}"),
            (#"{"name":"f","arguments":"{}"}"#, "{}"), (#"{"function":{"name":"f","arguments":[1]}}"#, "[1]"),
        ])
    func `calls get an id, a type and a text of arguments`(_ call: String, _ arguments: String) throws {
        let given =
            #"{"choices":[{"message":{"content":null,"tool_calls":[\#(call),\#(call)]},"finish_reason":"stop"}]}"#
        let choice = try whole(given).body["choices"]?[0]
        let calls = try #require(choice?["message"]?["tool_calls"]?.arrayValue)

        #expect(choice?["finish_reason"] == "tool_calls")
        #expect(calls.count == 2)
        #expect(Set(calls.map { $0["id"]?.stringValue ?? "" }).count == 2)
        for call in calls {
            #expect(call["id"]?.text?.hasPrefix("call_") == true)
            #expect(call["type"] == "function")
            #expect(call["function"]?["name"] == "f")
            #expect(call["function"]?["arguments"]?.stringValue == arguments)
        }
    }

    @Test(
        arguments: [
            (#"{"role":"assistant","content":"a","reasoning":"b"}"#, "a", "b"),
            (#"{"content":"a","reasoning_content":"b","reasoning":"b"}"#, "a", "b"),
            (
                #"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"b"}]},{"type":"text","text":"a"}]}"#,
                "a", "b"
            ),
            (#"{"content":"a","reasoning_details":[{"type":"reasoning.summary","summary":"b"}]}"#, "a", "b"),
            (#"{"content":["a"],"thinking":"b"}"#, "a", "b"),
        ])
    func `text and thinking stand where OpenAI's clients look`(
        _ message: String, _ content: String, _ thinking: String
    ) throws {
        let body = try whole(#"{"choices":[{"message":\#(message),"finish_reason":"stop"}]}"#).body
        let mended = body["choices"]?[0]?["message"]
        #expect(mended?["content"]?.stringValue == content)
        #expect(mended?["reasoning_content"]?.stringValue == thinking)
        #expect(mended?["reasoning"] == nil)
    }

    @Test func `parts that are no text are kept beside it`() throws {
        let body = try whole(
            #"{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"reference","reference_ids":[1]}]}}]}"#
        ).body
        #expect(body["choices"]?[0]?["message"]?["content"] == "a")
        #expect(body["choices"]?[0]?["message"]?["content_parts"]?[0]?["reference_ids"] == [1])
    }

    @Test(
        arguments: [
            ("[1,0]", [0, 1], ["b", "a"]), ("[0,0]", [0, 1], ["a", "b"]), ("[null,null]", [0, 1], ["a", "b"]),
            ("[2,1]", [1, 2], ["b", "a"]),
        ])
    func `choices come in the order of their numbers, each with its own`(
        _ given: String, _ indexes: [Int], _ texts: [String]
    ) throws {
        let numbers = try #require(try JSON(parsing: Array(given.utf8)).arrayValue)
        let choices = zip(numbers, ["a", "b"]).map { number, text -> JSON in
            ["index": number, "message": ["content": .string(text)], "finish_reason": "stop"]
        }
        let body: JSONObject = ["choices": .array(choices)]
        let mended = try whole(String(decoding: body.encoded, as: UTF8.self)).body["choices"]?.arrayValue

        #expect(mended?.map { $0["index"]?.intValue } == indexes)
        #expect(mended?.map { $0["message"]?["content"]?.stringValue } == texts)
    }

    @Test func `usage has all three counts or is not there`() throws {
        let body = try whole(#"{"choices":[{"message":{}}],"usage":{"prompt_tokens":9,"total_tokens":9}}"#).body
        #expect(body["usage"] == ["prompt_tokens": 9, "total_tokens": 9, "completion_tokens": 0])
    }

    // MARK: - Old style

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

    // MARK: - Kept answers and jobs

    @Test func `what a stream is put together to is the whole answer of the same content`() throws {
        let call = #"{"function":{"name":"f","arguments":{"a":1}}}"#
        let message = #"{"content":"hi","reasoning":"hm","tool_calls":[\#(call)]}"#
        let (_, end) = try whole(
            #"{"id":"i","created":7,"model":"m","choices":[{"message":\#(message),"finish_reason":"stop"}]}"#)
        let (chunks, _) = try stream([
            delta(#"{"reasoning":"hm"}"#), delta(#"{"content":"hi"}"#), delta(#"{"tool_calls":[\#(call)]}"#),
            delta("{}", finish: #""stop""#),
        ])
        var assembly = CompletionAssembly()
        for chunk in chunks { assembly.add(chunk.encoded) }
        let assembled = assembly.completion(id: "i", created: 7, usage: nil)

        let whole = try JSON(parsing: end.body)
        for (one, other) in [(whole, assembled), (assembled, whole)] {
            for member in one["choices"]?[0]?["message"]?.objectValue?.members ?? [] {
                #expect(other["choices"]?[0]?["message"]?[member.key] == member.value)
            }
            for name in ["index", "logprobs", "finish_reason"] {
                #expect(one["choices"]?[0]?[name] == other["choices"]?[0]?[name])
            }
        }
    }
}
