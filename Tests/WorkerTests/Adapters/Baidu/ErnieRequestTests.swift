import Shared
import Testing

@testable import Worker

@Suite struct ErnieRequestTests {
    private typealias Fixtures = ErnieFixtures

    @Test(arguments: [
        (#"[{"role":"user","content":"你好 🙂"}]"#, #"{"messages":[{"role":"user","content":"你好 🙂"}]}"#),
        (
            #"[{"role":"system","content":"S1"},{"role":"user","content":"a"},{"role":"developer","content":"S2"}]"#,
            #"{"messages":[{"role":"user","content":"a"}],"system":"S1\n\nS2"}"#
        ),
        (
            #"[{"role":"user","content":"a"},{"role":"user","content":[{"type":"text","text":"b"}],"name":"eve"},{"role":"assistant","content":"c","reasoning_content":"r"},{"role":"assistant","content":"d"},{"role":"user","content":"e"}]"#,
            #"{"messages":[{"role":"user","content":"a\n\nb"},{"role":"assistant","content":"c\n\nd"},{"role":"user","content":"e"}]}"#
        ),
        (
            #"[{"role":"user","content":"a"},{"role":"assistant","content":""},{"role":"user","content":"b"}]"#,
            #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"/"},{"role":"user","content":"b"}]}"#
        ),
        (
            #"[{"role":"user","content":"a"},{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"w","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1","content":"sunny"}]"#,
            ##"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"/","function_call":{"name":"w","arguments":"{}"}},{"role":"function","name":"w","content":"{\"result\":\"sunny\"}"}]}"##
        ),
        (
            ##"[{"role":"user","content":"a"},{"role":"assistant","content":"hm","function_call":{"name":"w","arguments":"{}"}},{"role":"function","name":"w","content":"{\"t\": 1}"}]"##,
            ##"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"hm","function_call":{"name":"w","arguments":"{}"}},{"role":"function","name":"w","content":"{\"t\": 1}"}]}"##
        ),
    ])
    func `messages go out in the platform's order`(_ given: String, _ expected: String) throws {
        #expect(try Fixtures.body(#""messages":\#(given)"#) == expected)
    }

    @Test func `fields are renamed, hints dropped, nulls left out`() throws {
        let body = try Fixtures.body(
            Fixtures.user + #","stream":true,"stream_options":{"include_usage":true},"temperature":0.7,"top_p":0.9,"#
                + #""max_completion_tokens":100,"stop":"END","user":"u","metadata":{},"n":1,"seed":null,"#
                + #""penalty_score":1.1,"disable_search":true,"response_format":{"type":"json_object"},"#
                + #""reasoning_effort":"none""#)
        #expect(
            body == #"{"messages":[{"role":"user","content":"你好"}],"stream":true,"temperature":0.7,"#
                + #""max_output_tokens":100,"top_p":0.9,"penalty_score":1.1,"disable_search":true,"stop":["END"],"#
                + #""response_format":"json_object","user_id":"u"}"#)
    }

    @Test(arguments: [
        (#""temperature":0"#, #""temperature":0.01"#), (#""temperature":1.5"#, #""temperature":1"#),
        (#""temperature":1"#, #""temperature":1"#), (#""max_tokens":1"#, #""max_output_tokens":2"#),
        (#""max_tokens":9000"#, #""max_output_tokens":2048"#),
    ])
    func `ranges are the platform's`(_ given: String, _ sent: String) throws {
        #expect(
            try Fixtures.body(Fixtures.user + "," + given)
                == #"{"messages":[{"role":"user","content":"你好"}],\#(sent)}"#)
    }

    private static let tools =
        #""tools":[{"type":"function","function":{"name":"w","description":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}},{"type":"function","function":{"name":"t"}}]"#
    private static let functions =
        #","functions":[{"name":"w","description":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}},{"name":"t","description":"t","parameters":{"type":"object","properties":{}}}]"#

    @Test(arguments: [
        ("", functions), (#","tool_choice":"auto""#, functions), (#","tool_choice":"none""#, ""),
        (
            #","tool_choice":{"type":"function","function":{"name":"t"}}"#,
            functions + #","tool_choice":{"type":"function","function":{"name":"t"}}"#
        ),
    ])
    func `tools become functions`(_ choice: String, _ sent: String) throws {
        #expect(
            try Fixtures.body(Fixtures.user + "," + Self.tools + choice)
                == #"{"messages":[{"role":"user","content":"你好"}]\#(sent)}"#)
    }

    @Test(arguments: [
        (#""seed":1"#, "seed"), (#""n":2"#, "n"), (#""presence_penalty":1"#, "presence_penalty"),
        (#""frequency_penalty":1"#, "frequency_penalty"), (#""logprobs":true"#, "logprobs"),
        (#""logit_bias":{"1":1}"#, "logit_bias"), (#""top_k":1"#, "top_k"),
        (#""stop":"123456789012345678901""#, "stop"), (#""reasoning_effort":"low""#, "reasoning_effort"),
        (#""enable_thinking":true"#, "enable_thinking"), (#""thinking":{"type":"enabled"}"#, "thinking"),
        (#""thinking_budget":9"#, "thinking_budget"),
        (#""response_format":{"type":"json_schema","json_schema":{"name":"x"}}"#, "response_format.type"),
        (tools + #","tool_choice":"required""#, "tool_choice"), (#""tools":[{"type":"web_search"}]"#, "tools[0].type"),
        (#""tools":[{"type":"function","function":{"name":"a","strict":true}}]"#, "tools[0].function.strict"),
    ])
    func `what the platform cannot do is refused`(_ field: String, _ param: String) throws {
        let failure = try Fixtures.refusal(Fixtures.user + "," + field)
        #expect(failure?.kind == .unsupportedParameter)
        #expect(failure?.param == param)
        #expect(failure?.message.hasPrefix("Baidu ERNIE v1 does not support '\(param)'") == true)
    }

    private static let call =
        #"{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}"#
    private static let calls =
        #"{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f"}},{"id":"d","type":"function","function":{"name":"g"}}]}"#

    @Test(arguments: [
        (#"{"role":"assistant","content":"a"},{"role":"user","content":"b"}"#, "messages[0].role"),
        (#"{"role":"user","content":"a"},{"role":"assistant","content":"b"}"#, "messages[1].role"),
        (#"{"role":"user","content":" \n"}"#, "messages[0].content"),
        (
            #"{"role":"user","content":"a"},{"role":"tool","tool_call_id":"c","content":"b"}"#,
            "messages[1].tool_call_id"
        ),
        (
            #"{"role":"user","content":"a"},\#(call),{"role":"tool","tool_call_id":"x","content":"b"}"#,
            "messages[2].tool_call_id"
        ),
        (
            #"{"role":"user","content":"a"},\#(call),{"role":"tool","tool_call_id":"c","content":"b"},{"role":"user","content":"c"}"#,
            "messages[3].role"
        ),
        (
            #"{"role":"user","content":"a"},\#(calls),{"role":"tool","tool_call_id":"c","content":"b"}"#,
            "messages[1].tool_calls"
        ),
        (
            #"{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"http://x"}}]}"#,
            "messages[0].content[1]"
        ),
        (#"{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}"#, "messages[0].content[0]"),
    ])
    func `histories that cannot be put in order are refused`(_ messages: String, _ param: String) throws {
        let failure = try Fixtures.refusal(#""messages":[\#(messages)]"#)
        #expect(failure?.kind == .unsupportedParameter)
        #expect(failure?.param == param)
    }
}
