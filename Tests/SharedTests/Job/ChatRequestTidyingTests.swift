import Shared
import Testing

/// Members that say nothing are left out, and those that strict servers want are added.
@Suite struct ChatRequestTidyingTests {
    private static let user = #"{"role":"user","content":"hi"}"#
    private static let tool = #"{"type":"function","function":{"name":"f"}}"#

    private func tidied(_ members: String) throws -> String {
        let text = #"{"model":"m","messages":[\#(Self.user)],\#(members)}"#
        var body = try ChatRequest(decoding: Array(text.utf8)).body
        body.remove("model")
        body.remove("messages")
        return String(decoding: body.encoded, as: UTF8.self)
    }

    private func tidied(message: String) throws -> String {
        let text = #"{"model":"m","messages":[\#(message)]}"#
        let message = try ChatRequest(decoding: Array(text.utf8)).messages[0]
        return String(decoding: message.encoded, as: UTF8.self)
    }

    @Test(arguments: [
        #""tools":null"#, #""tools":[]"#, #""functions":[]"#, #""tool_choice":null"#, #""tool_choice":"""#,
        #""tool_choice":{}"#, #""tool_choice":"auto""#, #""tool_choice":"none","tools":[]"#,
        #""function_call":"auto""#, #""parallel_tool_calls":true"#, #""stop":[]"#, #""stop":"""#, #""stop":[""]"#,
        #""stream_options":null"#, #""stream_options":{}"#, #""stream_options":{"include_usage":false}"#,
        #""response_format":null"#, #""response_format":{}"#, #""logit_bias":{}"#, #""metadata":{}"#,
        #""user":null"#, #""user":"""#, #""reasoning_effort":"""#, #""thinking":{}"#, #""modalities":[]"#,
        #""x_unknown":null"#, #""temperature":null,"n":null,"seed":null"#,
    ])
    func `members that say nothing are absent`(_ members: String) throws {
        #expect(try tidied(members) == "{}")
    }

    @Test(arguments: [
        #""web_search_options":{}"#, #""x_unknown":[]"#, #""x_unknown":"""#, #""stop":["a"]"#, #""temperature":0"#,
        #""stream":false"#, #""logprobs":false"#, #""tools":[\#(tool)],"tool_choice":"none""#,
        #""tools":[\#(tool)],"parallel_tool_calls":false"#, #""stop":["a","b","c","d","e"]"#, #""temperature":5"#,
        #""max_tokens":-1"#, #""top_logprobs":50"#, #""tools":[\#(tool)],"tool_choice":"any""#,
        #""response_format":{"type":"grammar","value":"root ::= \"a\""}"#,
    ])
    func `members that may say something stay as they came`(_ members: String) throws {
        #expect(try tidied(members) == "{\(members)}")
    }

    @Test func `of the two token limits the newer name wins`() throws {
        #expect(try tidied(#""max_tokens":5,"max_completion_tokens":9"#) == #"{"max_completion_tokens":9}"#)
        #expect(try tidied(#""max_tokens":5,"max_completion_tokens":null"#) == #"{"max_tokens":5}"#)
    }

    @Test func `nulls in tools are absent, those in schemas stay`() throws {
        let tools =
            #""tools":[{"type":"function","function":{"name":"f","description":null,"strict":null,"#
            + #""parameters":{"type":"object","default":null}},"cache_control":null}]"#
        #expect(
            try tidied(tools)
                == #"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","default":null}}}]}"#
        )
    }

    @Test(arguments: [
        (#"{"role":"user","content":"a","name":""}"#, #"{"role":"user","content":"a"}"#),
        (
            #"{"role":"assistant","content":"a","refusal":null,"annotations":[],"audio":null,"function_call":null,"tool_calls":[]}"#,
            #"{"role":"assistant","content":"a"}"#
        ),
        (#"{"role":"assistant","content":null}"#, #"{"role":"assistant","content":""}"#),
        (#"{"role":"assistant","content":[],"tool_calls":null}"#, #"{"role":"assistant","content":""}"#),
        (
            #"{"role":"assistant","content":[],"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}"#,
            #"{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}"#
        ),
        (
            #"{"role":"assistant","content":null,"tool_calls":[{"id":"c","function":{"name":"f","arguments":null}}]}"#,
            #"{"role":"assistant","content":null,"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"},"type":"function"}]}"#
        ),
        (
            #"{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":" "}}]}"#,
            #"{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}"#
        ),
        (#"{"role":"tool","tool_call_id":"c","content":null}"#, #"{"role":"tool","tool_call_id":"c","content":""}"#),
        (#"{"role":"tool","tool_call_id":"c","content":[]}"#, #"{"role":"tool","tool_call_id":"c","content":""}"#),
        (
            #"{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://x","detail":null},"cache_control":null}]}"#,
            #"{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://x"}}]}"#
        ),
    ])
    func `messages lose what says nothing and get what strict servers want`(_ given: String, _ wanted: String) throws {
        #expect(try tidied(message: given) == wanted)
    }

    @Test(arguments: [
        #"{"role":"assistant","content":"","reasoning_content":"","thinking_blocks":[{"type":"thinking"}]}"#,
        #"{"role":"ipython","content":"x","extra":{"a":[]}}"#,
        #"{"role":"user","content":[{"type":"text","text":"","cache_control":{"type":"ephemeral"}}]}"#,
    ])
    func `messages that say something stay as they came`(_ message: String) throws {
        #expect(try tidied(message: message) == message)
    }

    @Test func `calls without an id get one, and their results the same`() throws {
        let call = #"{"type":"function","function":{"name":"f","arguments":"{}"}}"#
        let named = #"{"id":"x","type":"function","function":{"name":"f","arguments":"{}"}}"#
        let text = #"""
            {"model":"m","messages":[\#(Self.user),{"role":"assistant","content":null,"tool_calls":[\#(call),\#(named),
            {"id":"","function":{"name":"g"}}]},{"role":"tool","tool_call_id":"","content":"1"},
            {"role":"tool","tool_call_id":"x","content":"2"},{"role":"tool","content":"3"}]}
            """#
        let messages = try ChatRequest(decoding: Array(text.utf8)).messages
        let calls = messages[1]["tool_calls"]?.arrayValue ?? []
        #expect(calls.map { $0["id"] } == ["call_1_0", "x", "call_1_2"])
        #expect(messages[2...].map { $0["tool_call_id"] } == ["call_1_0", "x", "call_1_2"])
    }

    @Test func `a result without any call is refused by its place`() {
        let text = #"{"model":"m","messages":[\#(Self.user),{"role":"tool","tool_call_id":"","content":"1"}]}"#
        let error = #expect(throws: RequestError.self) { try ChatRequest(decoding: Array(text.utf8)) }
        #expect(error?.param == "messages[1].tool_call_id")
    }

    @Test func `the old style of calls is written in today's words`() throws {
        let text = #"""
            {"model":"m","functions":[{"name":"f","parameters":{}}],"function_call":{"name":"f"},"messages":[
            \#(Self.user),{"role":"assistant","content":null,"function_call":{"name":"f","arguments":""}},
            {"role":"function","name":"f","content":"1"}]}
            """#
        let chat = try ChatRequest(decoding: Array(text.utf8))
        let wanted: JSON = [
            "model": "m",
            "messages": [
                ["role": "user", "content": "hi"],
                [
                    "role": "assistant", "content": .null,
                    "tool_calls": [
                        ["id": "call_1_0", "type": "function", "function": ["name": "f", "arguments": "{}"]]
                    ],
                ],
                ["role": "tool", "content": "1", "tool_call_id": "call_1_0"],
            ],
            "tools": [["type": "function", "function": ["name": "f", "parameters": [:]]]],
            "tool_choice": ["type": "function", "function": ["name": "f"]],
        ]

        #expect(chat.usesLegacyFunctions)
        #expect(JSON.object(chat.body) == wanted)
    }

    private func history(_ messages: String...) throws -> [JSON] {
        let text = #"{"model":"m","messages":[\#(([Self.user] + messages).joined(separator: ","))]}"#
        return try ChatRequest(decoding: Array(text.utf8)).messages
    }

    private func oldCall(_ name: String) -> String {
        #"{"role":"assistant","content":null,"function_call":{"name":"\#(name)","arguments":"{}"}}"#
    }

    private func oldResult(_ name: String) -> String { #"{"role":"function","name":"\#(name)","content":"1"}"# }

    @Test func `old calls of one function are told apart, by ids that are short`() throws {
        let name = String(repeating: "f", count: 64)
        let messages = try history(oldCall(name), oldResult(name), oldCall(name), oldResult(name))

        #expect(messages[1]["tool_calls"]?[0]?["id"] == "call_1_0")
        #expect(messages[2]["tool_call_id"] == "call_1_0")
        #expect(messages[3]["tool_calls"]?[0]?["id"] == "call_3_0")
        #expect(messages[4]["tool_call_id"] == "call_3_0")
        #expect(messages.allSatisfy { $0["name"] == nil })
    }

    @Test func `old results find their calls by name, then in order`() throws {
        let named = try history(oldCall("f"), oldCall("g"), oldResult("g"), oldResult("f"))
        #expect(named[3...].map { $0["tool_call_id"] } == ["call_2_0", "call_1_0"])

        let twice = try history(oldCall("f"), oldCall("f"), oldResult("f"), oldResult("f"))
        #expect(twice[3...].map { $0["tool_call_id"] } == ["call_1_0", "call_2_0"])

        let other = try history(oldCall("f"), oldResult("F"), oldResult("f"))
        #expect(other[2...].map { $0["tool_call_id"] } == ["call_1_0", "call_3"])
    }

    @Test func `many members that say nothing are taken away at once`() throws {
        let nulls = (0..<200_000).map { #""x\#($0)":null"# }.joined(separator: ",")
        let body = try JSON(parsing: Array(#"{"model":"m","messages":[\#(Self.user)],\#(nulls)}"#.utf8))
        // The best of some, since other tests run beside it.
        let times = try (0..<3).map { _ in
            try ContinuousClock().measure {
                let chat = try ChatRequest(validating: body)
                #expect(chat.body.count == 2)
            }
        }
        let best = try #require(times.min())
        #expect(best < .seconds(2))
    }

    @Test func `many results are paired at once`() throws {
        let call = #"{"function":{"name":"f","arguments":"{}"}}"#
        let calls = [String](repeating: call, count: 9000).joined(separator: ",")
        let result = #"{"role":"tool","content":"1"}"#
        let results = [String](repeating: result, count: 9000).joined(separator: ",")
        let text =
            #"{"model":"m","messages":[\#(Self.user),{"role":"assistant","tool_calls":[\#(calls)]},\#(results)]}"#
        let body = try JSON(parsing: Array(text.utf8))
        let start = ContinuousClock.now
        let messages = try ChatRequest(validating: body).messages

        #expect(messages.last?["tool_call_id"] == "call_1_8999")
        #expect(ContinuousClock.now - start < .seconds(10))
    }
}
