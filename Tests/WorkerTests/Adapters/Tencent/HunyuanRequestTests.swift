import Shared
import Testing

@testable import Worker

@Suite struct HunyuanRequestTests {
    private typealias Fixtures = HunyuanFixtures

    private static func messages(_ messages: String) throws -> String {
        let body = try Fixtures.body(#""messages":\#(messages)"#)
        let prefix = #"{"Model":"hunyuan-turbos-latest","Messages":"#
        let suffix = #","Stream":false}"#
        #expect(body.hasPrefix(prefix) && body.hasSuffix(suffix))
        return String(body.dropFirst(prefix.count).dropLast(suffix.count))
    }

    @Test(arguments: [
        (#"[{"role":"user","content":"你好 🙂"}]"#, #"[{"Role":"user","Content":"你好 🙂"}]"#),
        (
            #"[{"role":"user","content":"a"},{"role":"system","content":"S1"},{"role":"developer","content":"S2"}]"#,
            #"[{"Role":"system","Content":"S1\n\nS2"},{"Role":"user","Content":"a"}]"#
        ),
        (
            #"[{"role":"system","content":""},{"role":"user","content":"a"},{"role":"assistant","content":"b","reasoning_content":"r"},{"role":"user","content":"c"}]"#,
            #"[{"Role":"user","Content":"a"},{"Role":"assistant","Content":"b"},{"Role":"user","Content":"c"}]"#
        ),
        (
            #"[{"role":"user","content":"a"},{"role":"user","content":"b"},{"role":"assistant","content":"c"},{"role":"assistant","content":"d"},{"role":"user","content":"e"}]"#,
            #"[{"Role":"user","Content":"a\n\nb"},{"Role":"assistant","Content":"c\n\nd"},{"Role":"user","Content":"e"}]"#
        ),
        (
            #"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"name":"eve"}]"#,
            #"[{"Role":"user","Content":"ab"}]"#
        ),
        (
            #"[{"role":"user","content":[{"type":"text","text":"what?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]}]"#,
            #"[{"Role":"user","Contents":[{"Type":"text","Text":"what?"},{"Type":"image_url","ImageUrl":{"Url":"data:image/png;base64,AA=="}}]}]"#
        ),
        (
            #"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x.org/a.png"}}]}]"#,
            #"[{"Role":"user","Contents":[{"Type":"image_url","ImageUrl":{"Url":"https://x.org/a.png"}},{"Type":"text","Text":" "}]}]"#
        ),
    ])
    func `messages go out in the platform's order and words`(_ given: String, _ expected: String) throws {
        #expect(try Self.messages(given) == expected)
    }

    @Test func `calls and their results keep their ids, and a call alone says a space`() throws {
        let history = #"""
            [{"role":"user","content":"weather?"},{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function",
            "function":{"name":"w","arguments":"{\"city\":\"北京\"}"}},{"id":"c2","type":"function","function":{"name":"t"}}]},
            {"role":"tool","tool_call_id":"c1","content":"sunny"},{"role":"tool","tool_call_id":"c2","content":""}]
            """#
        #expect(
            try Self.messages(history) == #"[{"Role":"user","Content":"weather?"},"#
                + #"{"Role":"assistant","Content":" ","ToolCalls":[{"Id":"c1","Type":"function","#
                + #""Function":{"Name":"w","Arguments":"{\"city\":\"北京\"}"},"Index":0},{"Id":"c2","Type":"function","#
                + #""Function":{"Name":"t","Arguments":"{}"},"Index":1}]},"#
                + #"{"Role":"tool","Content":"sunny","ToolCallId":"c1"},{"Role":"tool","Content":" ","ToolCallId":"c2"}]"#
        )
    }

    @Test func `fields are renamed, hints dropped, nulls left out`() throws {
        let body = try Fixtures.body(
            Fixtures.user + #","stream":true,"stream_options":{"include_usage":true},"temperature":1.5,"top_p":0.9,"#
                + #""seed":42,"stop":"END","user":"u","metadata":{},"n":1,"max_tokens":null,"presence_penalty":0,"#
                + #""enable_enhancement":true,"citation":true,"search_info":true,"stream_moderation":false"#)
        #expect(
            body == #"{"Model":"hunyuan-turbos-latest","Messages":[{"Role":"user","Content":"你好"}],"Stream":true,"#
                + #""Temperature":1.5,"TopP":0.9,"Seed":42,"Stop":["END"],"EnableEnhancement":true,"Citation":true,"#
                + #""SearchInfo":true,"StreamModeration":false}"#)
    }

    @Test(arguments: [
        (1, 1), (10_000, 10_000), (0, 10_000), (10_001, 1), (-1, 9_999), (123_456, 3_456), (Int.min, 4_192),
    ])
    func `a seed beyond the range becomes one inside it`(_ given: Int, _ sent: Int) {
        #expect(HunyuanRequest.seed(given) == sent)
    }

    private static let tools =
        #""tools":[{"type":"function","function":{"name":"w","description":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}},{"type":"function","function":{"name":"t"}}]"#
    private static let sentTools =
        ##""Tools":[{"Type":"function","Function":{"Name":"w","Description":"weather","Parameters":"{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}}"}},{"Type":"function","Function":{"Name":"t","Parameters":"{\"type\":\"object\",\"properties\":{}}"}}]"##

    @Test(arguments: [
        ("", ""), (#","tool_choice":"auto""#, #","ToolChoice":"auto""#),
        (#","tool_choice":"none""#, #","ToolChoice":"none""#),
        (
            #","tool_choice":{"type":"function","function":{"name":"t"}}"#,
            ##","ToolChoice":"custom","CustomTool":{"Type":"function","Function":{"Name":"t","Parameters":"{\"type\":\"object\",\"properties\":{}}"}}"##
        ),
    ])
    func `tools carry their schema as a string`(_ choice: String, _ sent: String) throws {
        let body = try Fixtures.body(Fixtures.user + "," + Self.tools + choice)
        #expect(body.hasSuffix(#""Stream":false,"# + Self.sentTools + sent + "}"))
    }

    @Test(arguments: [
        ("hunyuan-a13b", #""enable_thinking":false"#, #","EnableThinking":false"#),
        ("hunyuan-a13b", #""reasoning_effort":"high""#, #","EnableThinking":true"#),
        ("hunyuan-a13b", #""thinking":{"type":"disabled"}"#, #","EnableThinking":false"#),
        ("hunyuan-t1-latest", #""reasoning_effort":"low""#, ""),
        ("hunyuan-turbos-latest", #""reasoning_effort":"none""#, ""),
        ("hunyuan-turbos-latest", #""enable_thinking":false"#, ""),
    ])
    func `thinking is switched where the model has a switch`(_ model: String, _ wish: String, _ sent: String) throws {
        let body = try Fixtures.body(Fixtures.user + "," + wish, model: model)
        #expect(body.hasSuffix(#""Stream":false"# + sent + "}"))
    }

    @Test(arguments: [
        ("hunyuan-turbos-latest", #""reasoning_effort":"high""#, "reasoning_effort"),
        ("hunyuan-turbos-latest", #""enable_thinking":true"#, "enable_thinking"),
        ("hunyuan-t1-latest", #""thinking":{"type":"disabled"}"#, "thinking"),
        ("hunyuan-a13b", #""thinking_budget":100"#, "thinking_budget"),
        ("hunyuan-turbos-latest", #""max_tokens":10"#, "max_tokens"),
        ("hunyuan-turbos-latest", #""max_completion_tokens":10"#, "max_completion_tokens"),
        ("hunyuan-turbos-latest", #""response_format":{"type":"json_object"}"#, "response_format"),
        ("hunyuan-turbos-latest", #""n":2"#, "n"),
        ("hunyuan-turbos-latest", #""presence_penalty":1"#, "presence_penalty"),
        ("hunyuan-turbos-latest", #""frequency_penalty":1"#, "frequency_penalty"),
        ("hunyuan-turbos-latest", #""logit_bias":{"1":1}"#, "logit_bias"),
        ("hunyuan-turbos-latest", #""logprobs":true"#, "logprobs"),
        ("hunyuan-turbos-latest", #""top_k":3"#, "top_k"),
        ("hunyuan-turbos-latest", tools + #","tool_choice":"required""#, "tool_choice"),
        (
            "hunyuan-turbos-latest", tools + #","tool_choice":{"type":"function","function":{"name":"x"}}"#,
            "tool_choice"
        ),
        ("hunyuan-turbos-latest", #""tools":[{"type":"web_search"}]"#, "tools[0].type"),
        (
            "hunyuan-turbos-latest", #""tools":[{"type":"function","function":{"name":"a","strict":true}}]"#,
            "tools[0].function.strict"
        ),
    ])
    func `what the platform cannot do is refused`(_ model: String, _ field: String, _ param: String) throws {
        let failure = try Fixtures.refusal(Fixtures.user + "," + field, model: model)
        #expect(failure?.kind == .unsupportedParameter)
        #expect(failure?.param == param)
        #expect(failure?.message.hasPrefix("Tencent Hunyuan does not support '\(param)'") == true)
    }

    private static let call =
        #"{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}"#

    @Test(arguments: [
        (#"{"role":"assistant","content":"a"},{"role":"user","content":"b"}"#, "messages[0].role"),
        (#"{"role":"user","content":"a"},{"role":"assistant","content":"b"}"#, "messages[1].role"),
        (#"{"role":"user","content":""}"#, "messages[0].content"),
        (
            #"{"role":"user","content":"a"},{"role":"tool","tool_call_id":"c","content":"b"}"#,
            "messages[1].tool_call_id"
        ),
        (
            #"{"role":"user","content":"a"},\#(call),{"role":"tool","tool_call_id":"c","content":"b"},{"role":"user","content":"c"}"#,
            "messages[3].role"
        ),
        (#"{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}"#, "messages[0].content[0]"),
        (
            #"{"role":"system","content":"s"},{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"image_url","image_url":{"url":"http://x"}}]},{"role":"user","content":"a"}"#,
            "messages[2].content[0]"
        ),
    ])
    func `histories that cannot be put in order are refused`(_ messages: String, _ param: String) throws {
        let failure = try Fixtures.refusal(#""messages":[\#(messages)]"#)
        #expect(failure?.kind == .unsupportedParameter)
        #expect(failure?.param == param)
    }

    @Test func `the limit of messages counts what goes out`() throws {
        let turn = #"{"role":"user","content":"a"},{"role":"assistant","content":"b"},"#
        func history(_ turns: Int) -> String {
            #""messages":["# + String(repeating: turn, count: turns) + #"{"role":"user","content":"c"}]"#
        }

        #expect(try Fixtures.refusal(history(19)) == nil)
        #expect(try Fixtures.refusal(history(20))?.param == "messages")
        let many = Array(repeating: #"{"role":"user","content":"a"}"#, count: 60).joined(separator: ",")
        #expect(try Fixtures.refusal(#""messages":[\#(many)]"#) == nil)
    }
}
