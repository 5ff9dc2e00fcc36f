import Shared
import Testing

@testable import Worker

/// Streams of servers with OpenAI's wire that leave members out or write them otherwise.
@Suite struct OpenAIStreamShapeTests: OpenAIShapeReading {
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
}
