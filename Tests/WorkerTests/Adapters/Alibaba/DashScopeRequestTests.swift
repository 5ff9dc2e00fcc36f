import Shared
import Testing

@testable import Worker

@Suite struct DashScopeRequestTests {
    private let adapter = DashScopeAdapter()

    private func request(
        _ body: String, model: String = "qwen-plus", settings: [String: String] = [:]
    ) throws -> UpstreamRequest {
        let chat = try ChatRequest(decoding: Array(body.utf8))
        try adapter.check(chat, model: model, settings: settings)
        let account = AccountView(credential: Credential("sk-1"), settings: settings)
        return try adapter.makeRequest(chat, Target(model: model, account: account, now: 0))
    }

    private func body(_ body: String, model: String = "qwen-plus", settings: [String: String] = [:]) throws -> String {
        String(decoding: try request(body, model: model, settings: settings).body, as: UTF8.self)
    }

    /// The `parameters` of a request with one message and `fields`.
    private func parameters(_ fields: String, model: String = "qwen-plus") throws -> JSON? {
        let text = #"{"model":"m","messages":[{"role":"user","content":"hi"}]\#(fields.isEmpty ? "" : ",")\#(fields)}"#
        var parameters = try JSON(parsing: Array(try body(text, model: model).utf8))["parameters"]?.objectValue
        #expect(parameters?.remove("result_format") == "message")
        return parameters.map(JSON.object)
    }

    @Test func `a plain request goes to the text endpoint`() throws {
        let request = try request(#"{"model":"m","messages":[{"role":"user","content":"你好 🙂"}]}"#)

        #expect(request.url == "https://dashscope.aliyuncs.com/api/v1/services/aigc/text-generation/generation")
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == #"{"model":"qwen-plus","input":{"messages":[{"role":"user","content":"你好 🙂"}]},"#
                + #""parameters":{"result_format":"message"}}"#)
        #expect(request.header("Authorization") == "Bearer sk-1")
        #expect(request.header("X-DashScope-SSE") == nil)
        #expect(request.header("Accept") == "application/json")
    }

    @Test func `a stream is asked for by headers, and for new text only`() throws {
        let request = try request(
            #"{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"a"}]}"#
        )

        #expect(
            String(decoding: request.body, as: UTF8.self)
                == #"{"model":"qwen-plus","input":{"messages":[{"role":"user","content":"a"}]},"#
                + #""parameters":{"result_format":"message","incremental_output":true}}"#)
        #expect(request.header("X-DashScope-SSE") == "enable")
        #expect(request.header("Accept") == "text/event-stream")
        #expect(request.isStream)
    }

    @Test func `a conversation with calls and results keeps its order`() throws {
        let text = try body(
            ##"{"model":"m","messages":[{"role":"developer","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"name":"u"},"##
                + ##"{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]},"##
                + ##"{"role":"tool","tool_call_id":"c1","content":"42"}]}"##)
        #expect(
            text.contains(
                ##""messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"ab"},"##
                    + ##"{"role":"assistant","content":"","tool_calls":[{"index":0,"id":"c1","type":"function","##
                    + ##""function":{"name":"f","arguments":"{\"x\":1}"}}]},{"role":"tool","content":"42","tool_call_id":"c1"}]"##
            ))
    }

    @Test func `an image goes to the multimodal endpoint, in parts without a type`() throws {
        let request = try request(
            #"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a/b.png"}},"#
                + #"{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}},{"type":"text","text":"是什么？"}]}]}"#
        )

        #expect(request.url.hasSuffix("/services/aigc/multimodal-generation/generation"))
        #expect(
            String(decoding: request.body, as: UTF8.self).contains(
                #""messages":[{"role":"system","content":[{"text":"s"}]},{"role":"user","content":[{"image":"https://a/b.png"},"#
                    + #"{"image":"data:image/png;base64,AA=="},{"text":"是什么？"}]}]"#))
        #expect(request.header("X-DashScope-OssResourceResolve") == nil)
    }

    @Test func `an image in the platform's store is resolved there`() throws {
        let request = try request(
            #"{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"oss://a/b.png"}}]}]}"#
        )
        #expect(request.header("X-DashScope-OssResourceResolve") == "enable")
    }

    @Test(arguments: [
        ("qwen-plus", "text"), ("qwen3-max", "text"), ("qwen3-32b", "text"), ("deepseek-v3.2", "text"),
        ("qwen3.7-max", "text"), ("qwen3.6-max-preview", "text"), ("qwen3.8-2.4t-a95b", "text"), ("qwq-plus", "text"),
        ("qwen3-vl-plus", "multimodal"), ("QVQ-max", "multimodal"), ("qwen3-omni-flash", "multimodal"),
        ("qwen-vl-ocr", "multimodal"), ("qwen3.5-plus", "multimodal"), ("qwen3.7-plus", "multimodal"),
        ("qwen3.8-max", "multimodal"), ("qwen3.8-flash", "multimodal"), ("kimi-k2.5", "multimodal"),
    ])
    func `the model's name tells its endpoint, and the account may say otherwise`(_ model: String, _ name: String)
        throws
    {
        let text = #"{"model":"m","stream":true,"messages":[{"role":"user","content":"a"}]}"#
        #expect(try request(text, model: model).url.contains("/\(name)-generation/"))
        for setting in ["text", "multimodal"] {
            #expect(try request(text, model: model, settings: ["endpoint": setting]).url.contains("/\(setting)-gen"))
        }
        #expect(throws: JobFailure.self) { try request(text, model: model, settings: ["endpoint": "audio"]) }
    }

    @Test(arguments: [
        (#""temperature":2"#, #"{"temperature":1.99}"#),
        (#""temperature":0.7,"top_p":1"#, #"{"temperature":0.7,"top_p":1}"#),
        (#""top_p":0"#, #"{"top_p":0.01}"#), (#""max_tokens":5"#, #"{"max_tokens":5}"#),
        (#""max_completion_tokens":6,"max_tokens":5"#, #"{"max_tokens":6}"#), (#""stop":"x""#, #"{"stop":["x"]}"#),
        (#""n":4,"seed":7,"presence_penalty":-1"#, #"{"presence_penalty":-1,"n":4,"seed":7}"#),
        (#""n":1,"frequency_penalty":0,"logprobs":false,"stop":null"#, "{}"),
        (#""logprobs":true,"top_logprobs":3"#, #"{"logprobs":true,"top_logprobs":3}"#),
        (
            #""top_k":20,"repetition_penalty":1.1,"enable_search":true,"search_options":{"forced_search":true}"#,
            #"{"top_k":20,"repetition_penalty":1.1,"enable_search":true,"search_options":{"forced_search":true}}"#
        ),
        (#""user":"u","metadata":{},"store":true,"result_format":"text","incremental_output":false"#, "{}"),
        (#""response_format":{"type":"json_object"}"#, #"{"response_format":{"type":"json_object"}}"#),
        (#""response_format":{"type":"text"}"#, "{}"),
    ])
    func `fields go into the parameters`(_ fields: String, _ expected: String) throws {
        #expect(try parameters(fields) == JSON(parsing: Array(expected.utf8)))
    }

    @Test(arguments: [
        ("\"auto\"", "\"auto\""), ("\"none\"", "\"none\""),
        (#"{"type":"function","function":{"name":"f"}}"#, #"{"type":"function","function":{"name":"f"}}"#),
    ])
    func `tools and the choice among them are as at OpenAI`(_ choice: String, _ expected: String) throws {
        let parameters = try parameters(
            #""tools":[{"type":"function","function":{"name":"f","description":"d"}}],"parallel_tool_calls":true,"tool_choice":\#(choice)"#
        )
        #expect(
            parameters?["tools"] == [
                [
                    "type": "function",
                    "function": [
                        "name": "f", "description": "d", "parameters": ["type": "object", "properties": [:]],
                    ],
                ]
            ])
        #expect(parameters?["parallel_tool_calls"] == true)
        #expect(try parameters?["tool_choice"] == JSON(parsing: Array(expected.utf8)))
    }

    @Test(arguments: [
        (#""frequency_penalty":0.5"#, "frequency_penalty"), (#""n":5"#, "n"), (#""logit_bias":{"1":2}"#, "logit_bias"),
        (#""web_search_options":{"x":1}"#, "web_search_options"), (#""modalities":["audio"]"#, "modalities"),
        (
            #""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required""#,
            "tool_choice"
        ),
        (
            #""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"allowed_tools"}"#,
            "tool_choice"
        ),
        (#""tools":[{"type":"web_search"}]"#, "tools[0].type"),
        (
            #""response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{}}}"#,
            "response_format.type"
        ),
        (#""enable_thinking":true,"response_format":{"type":"json_object"}"#, "response_format"),
        (
            #""reasoning_effort":"low","tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":{"name":"f"}}"#,
            "tool_choice"
        ),
    ])
    func `what the platform cannot do is refused by name`(_ fields: String, _ param: String) throws {
        let failure = #expect(throws: JobFailure.self) { try parameters(fields) }
        #expect(failure?.kind == .unsupportedParameter)
        #expect(failure?.param == param)
        #expect(failure?.message.contains("DashScope") == true)
    }

    @Test(arguments: [
        (#"{"type":"input_audio","input_audio":{}}"#, "user", [:]),
        (#"{"type":"image_url","image_url":{"url":"https://a"}}"#, "user", ["endpoint": "text"]),
        (#"{"type":"image_url","image_url":{"url":"https://a"}}"#, "system", [:]),
    ])
    func `parts that have no place are refused with their path`(
        _ part: String, _ role: String, _ settings: [String: String]
    ) {
        let text = #"{"model":"m","messages":[{"role":"\#(role)","content":[{"type":"text","text":"a"},\#(part)]}]}"#
        let failure = #expect(throws: JobFailure.self) { try request(text, settings: settings) }
        #expect(failure?.kind == .unsupportedParameter)
        #expect(failure?.param == "messages[0].content[1]")
    }

    @Test func `a schema goes to the models that hold to one`() throws {
        let format = #""response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{}}}"#
        let expected: JSON = [
            "response_format": [
                "type": "json_schema", "json_schema": ["name": "n", "strict": true, "schema": [:]],
            ], "enable_thinking": false,
        ]
        let parameters = try parameters(format, model: "qwen3.8-max")
        #expect(parameters?["response_format"] == expected["response_format"])
        #expect(parameters?["enable_thinking"] == false)
    }

    @Test func `thinking that was sent back goes out only where it is to be read`() throws {
        let messages =
            #""messages":[{"role":"assistant","content":"a","reasoning_content":"想","partial":true},{"role":"user","content":"b"}]"#
        let kept = try body(#"{"model":"m","preserve_thinking":true,\#(messages)}"#)
        #expect(kept.contains(#"{"role":"assistant","content":"a","reasoning_content":"想","partial":true}"#))
        #expect(kept.contains(#""preserve_thinking":true"#))
        #expect(try !body(#"{"model":"m",\#(messages)}"#).contains("想"))
    }
}
