import Shared
import Testing

@testable import Worker

@Suite struct AnthropicAdapterTests {
    private let plain = #"{"model":"m","messages":[{"role":"user","content":"a"}]}"#

    @Test(arguments: [
        ("https://proxy.example", "https://proxy.example/v1/messages"),
        ("https://proxy.example/anthropic/", "https://proxy.example/anthropic/v1/messages"),
        ("https://proxy.example/v1", "https://proxy.example/v1/messages"),
        ("https://proxy.example/v1/", "https://proxy.example/v1/messages"),
    ])
    func `an account's base URL replaces the platform's`(_ base: String, _ url: String) throws {
        #expect(try AnthropicAsk.request(plain, baseURL: base).url == url)
    }

    @Test func `settings choose the headers`() throws {
        let request = try AnthropicAsk.request(
            plain,
            settings: [
                "auth": "bearer", "anthropic_version": "2026-10-21", "anthropic_beta": "a-1,b-2",
                "headers": "X-Team: 1",
            ])

        #expect(request.header("Authorization") == "Bearer sk-ant-1")
        #expect(request.header("x-api-key") == nil)
        #expect(request.header("anthropic-version") == "2026-10-21")
        #expect(request.header("anthropic-beta") == "a-1,b-2")
        #expect(request.header("X-Team") == "1")
    }

    @Test(
        arguments: [
            ("", [:]), ("sk\nx", [:]), ("sk", ["auth": "basic"]), ("sk", ["headers": "no header"]),
            ("sk", ["anthropic_beta": "a\r\nb: c"]),
        ] as [(String, [String: String])])
    func `a key or settings that no header can carry are the account's fault`(
        _ key: String, _ settings: [String: String]
    ) throws {
        let account = AccountView(credential: Credential(key), settings: settings)
        let failure = try #require(throws: JobFailure.self) {
            try AnthropicAdapter().makePing(Target(model: "m", account: account, now: 0))
        }
        #expect(failure.kind == .authentication)
    }

    @Test func `the ping counts the tokens of a word, which is free`() throws {
        let account = AccountView(credential: Credential("sk-ant-1"))
        let request = try #require(
            try AnthropicAdapter().makePing(Target(model: "claude-opus-5-5", account: account, now: 0)))

        #expect(request.method == "POST")
        #expect(request.url == "https://api.anthropic.com/v1/messages/count_tokens")
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == #"{"model":"claude-opus-5-5","messages":[{"role":"user","content":"ping"}]}"#)
        #expect(request.header("anthropic-version") == AnthropicAdapter.defaultVersion)
    }

    @Test func `there are no embeddings and no tokens to ask for`() {
        #expect(AnthropicAdapter().embeddings == nil)
        #expect(AnthropicAdapter().tokens == nil)
    }

    @Test(arguments: [
        (#""n":2"#, "n"), (#""seed":1"#, "seed"), (#""logprobs":true"#, "logprobs"),
        (#""presence_penalty":0.5"#, "presence_penalty"), (#""frequency_penalty":1"#, "frequency_penalty"),
        (#""logit_bias":{"1":2}"#, "logit_bias"), (#""modalities":["audio"]"#, "modalities"),
        (#""web_search_options":{}"#, "web_search_options"), (#""container":"x""#, "container"),
        (#""stop":" \n""#, "stop"), (#""stop":["a"," "]"#, "stop"),
        (#""tools":[{"type":"custom","custom":{"name":"f"}}]"#, "tools[0].type"),
        (
            #""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"allowed_tools"}"#,
            "tool_choice"
        ),
    ])
    func `what the platform has no words for is refused by name`(_ fields: String, _ field: String) throws {
        let failure = try AnthropicAsk.refused(fields)
        #expect(failure.kind == .unsupportedParameter)
        #expect(failure.param == field)
        #expect(failure.message.hasPrefix("Anthropic does not support '\(field)'"))
    }

    @Test func `a schema is refused by models that do not hold to one`() throws {
        let fields = #""response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}"#
        #expect(try AnthropicAsk.refused(fields, model: "claude-opus-4-1").param == "response_format.type")
    }

    private static let user = #"{"role":"user","content":"a"}"#

    @Test(arguments: [
        (#"[{"role":"system","content":"s"},{"role":"assistant","content":"hi"},\#(user)]"#, "messages[1].role"),
        (#"[\#(user),{"role":"assistant","content":"hi"}]"#, "messages[1].role"),
        (#"[{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}]"#, "messages[0].content[0]"),
        (
            #"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/tiff;base64,AA"}}]}]"#,
            "messages[0].content[1]"
        ),
        (
            #"[{"role":"system","content":[{"type":"image_url","image_url":{"url":"https://a/b"}}]},\#(user)]"#,
            "messages[0].content[0]"
        ),
        (#"[\#(user),{"role":"assistant","audio":{"id":"x"}},\#(user)]"#, "messages[1].audio"),
        (
            #"[\#(user),{"role":"assistant","tool_calls":[{"id":"c","type":"custom","custom":{}}]},\#(user)]"#,
            "messages[1].tool_calls[0].type"
        ),
    ])
    func `messages that the platform cannot read are refused by place`(_ messages: String, _ path: String) throws {
        let failure = try AnthropicAsk.refused("", messages: messages, model: "claude-opus-4-8")
        #expect(failure.kind == .unsupportedParameter)
        #expect(failure.param == path)
    }

    @Test func `older models go on with the assistant's last words, unless they think`() throws {
        let messages = #"[\#(Self.user),{"role":"assistant","content":"{"}]"#
        #expect(
            try AnthropicAsk.body(#"{"model":"m","messages":\#(messages)}"#)
                .hasSuffix(#"{"role":"assistant","content":"{"}]}"#))
        #expect(
            try AnthropicAsk.refused(#""reasoning_effort":"low""#, messages: messages).param == "messages[1].role")
    }

    @Test func `a conversation without a word is refused`() throws {
        let failure = try #require(throws: JobFailure.self) {
            try AnthropicAsk.body(#"{"model":"m","messages":[{"role":"user","content":" "}]}"#)
        }
        #expect(failure.kind == .invalidRequest)
        #expect(failure.param == "messages")
    }
}
