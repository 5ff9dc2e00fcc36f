import Shared
import Testing

@testable import Worker

/// Requests for tests: checked, then made.
enum AnthropicAsk {
    static func request(
        _ body: String, model: String = "claude-haiku-4-5", settings: [String: String] = [:], baseURL: String? = nil,
        maxOutputTokens: Int? = nil
    ) throws -> UpstreamRequest {
        let adapter = AnthropicAdapter()
        let chat = try ChatRequest(decoding: Array(body.utf8))
        try adapter.check(chat, model: model, settings: settings)
        let account = AccountView(credential: Credential("sk-ant-1"), baseURL: baseURL, settings: settings)
        return try adapter.makeRequest(
            chat, Target(model: model, account: account, now: 0, maxOutputTokens: maxOutputTokens))
    }

    static func body(_ body: String, model: String = "claude-haiku-4-5") throws -> String {
        String(decoding: try request(body, model: model).body, as: UTF8.self)
    }

    /// The members that a request with one message and `fields` adds to `{model, max_tokens, messages}`.
    static func fields(
        _ fields: String, model: String = "claude-haiku-4-5", settings: [String: String] = [:],
        maxOutputTokens: Int? = nil, keepsLimit: Bool = false
    ) throws -> String {
        let text = #"{"model":"m","messages":[{"role":"user","content":"hi"}],\#(fields)}"#
        let request = try request(text, model: model, settings: settings, maxOutputTokens: maxOutputTokens)
        var object = try #require(try JSON(parsing: request.body).objectValue)
        for name in ["model", "messages"] + (keepsLimit ? [] : ["max_tokens"]) { object.remove(name) }
        return String(decoding: object.encoded, as: UTF8.self)
    }

    /// The field that a request is refused for.
    static func refused(
        _ fields: String, messages: String = #"[{"role":"user","content":"hi"}]"#, model: String = "claude-haiku-4-5",
        settings: [String: String] = [:]
    ) throws -> JobFailure {
        let chat = try ChatRequest(
            decoding: Array(#"{"model":"m","messages":\#(messages)\#(fields.isEmpty ? "" : ",")\#(fields)}"#.utf8))
        let failure = try #require(throws: JobFailure.self) {
            try AnthropicAdapter().check(chat, model: model, settings: settings)
        }
        return failure
    }
}

@Suite struct AnthropicRequestTests {
    @Test func `a plain request says model, limit and messages`() throws {
        let request = try AnthropicAsk.request(#"{"model":"m","messages":[{"role":"user","content":"你好 🙂"}]}"#)

        #expect(request.url == "https://api.anthropic.com/v1/messages")
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == #"{"model":"claude-haiku-4-5","max_tokens":4096,"messages":[{"role":"user","content":"你好 🙂"}]}"#)
        #expect(request.header("x-api-key") == "sk-ant-1")
        #expect(request.header("Authorization") == nil)
        #expect(request.header("anthropic-version") == "2023-06-01")
        #expect(request.header("anthropic-beta") == nil)
        #expect(request.header("Accept") == "application/json")
        #expect(request.method == "POST")
        #expect(!request.isStream)
    }

    @Test func `a stream is asked for in the body`() throws {
        let request = try AnthropicAsk.request(
            #"{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"a"}]}"#
        )

        #expect(
            String(decoding: request.body, as: UTF8.self)
                == #"{"model":"claude-haiku-4-5","max_tokens":4096,"messages":[{"role":"user","content":"a"}],"stream":true}"#
        )
        #expect(request.header("Accept") == "text/event-stream")
        #expect(request.isStream)
    }

    @Test func `system texts go to the top, in order`() throws {
        #expect(
            try AnthropicAsk.body(
                #"{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"a"}]}"#)
                == #"{"model":"claude-haiku-4-5","max_tokens":4096,"system":"Be brief.","#
                + #""messages":[{"role":"user","content":"a"}]}"#)
        #expect(
            try AnthropicAsk.body(
                #"{"model":"m","messages":[{"role":"developer","content":"A"},{"role":"user","content":"a"},"#
                    + #"{"role":"system","content":[{"type":"text","text":"B"}]}]}"#
            ).contains(#""system":[{"type":"text","text":"A"},{"type":"text","text":"B"}],"messages":[{"role":"user","#)
        )
    }

    @Test func `instructions alone are the user's words`() throws {
        #expect(
            try AnthropicAsk.body(#"{"model":"m","messages":[{"role":"system","content":"Tell a joke."}]}"#)
                .hasSuffix(#""max_tokens":4096,"messages":[{"role":"user","content":"Tell a joke."}]}"#))
    }

    @Test func `neighbours of one role are merged, empty texts left out`() throws {
        #expect(
            try AnthropicAsk.body(
                #"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"user","content":"b"},"#
                    + #"{"role":"assistant","content":"c"},{"role":"user","content":""},{"role":"assistant","content":"d"},"#
                    + #"{"role":"user","content":[{"type":"text","text":" \n"},{"type":"text","text":"e"}]}]}"#
            ).hasSuffix(
                #""messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},"#
                    + #"{"role":"assistant","content":[{"type":"text","text":"c"},{"type":"text","text":"d"}]},"#
                    + #"{"role":"user","content":"e"}]}"#))
    }

    @Test func `images are taken apart`() throws {
        #expect(
            try AnthropicAsk.body(
                #"{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/jpg;base64,QUJD"}},"#
                    + #"{"type":"image_url","image_url":{"url":"https://a.b/c.png","detail":"low"}},{"type":"text","text":"这是?"}]}]}"#
            ).hasSuffix(
                #""content":[{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"QUJD"}},"#
                    + #"{"type":"image","source":{"type":"url","url":"https://a.b/c.png"}},{"type":"text","text":"这是?"}]}]}"#
            ))
    }

    @Test func `marks for the prompt cache are kept`() throws {
        let body = try AnthropicAsk.body(
            #"{"model":"m","messages":[{"role":"system","content":[{"type":"text","text":"S","cache_control":{"type":"ephemeral"}}]},"#
                + #"{"role":"user","content":"a","cache_control":{"type":"ephemeral","ttl":"1h"}}],"#
                + #""tools":[{"type":"function","function":{"name":"f"},"cache_control":{"type":"ephemeral"}}]}"#)

        #expect(body.contains(#""system":[{"type":"text","text":"S","cache_control":{"type":"ephemeral"}}]"#))
        #expect(
            body.contains(
                #""content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}}]"#))
        #expect(
            body.contains(
                #""tools":[{"name":"f","input_schema":{"type":"object","properties":{}},"cache_control":{"type":"ephemeral"}}]"#
            ))
    }

    @Test(
        arguments: [
            (#""max_tokens":10"#, nil, 10), (#""max_completion_tokens":20"#, nil, 20),
            (#""max_tokens":9000"#, 8192, 8192),
            (#""n":1"#, 1000, 1000), (#""n":1"#, 64_000, 4096), (#""n":1"#, nil, 4096),
        ] as [(String, Int?, Int)])
    func `the limit is always said, and never above the model's`(
        _ fields: String, _ most: Int?, _ expected: Int
    ) throws {
        #expect(
            try AnthropicAsk.fields(fields, maxOutputTokens: most, keepsLimit: true) == #"{"max_tokens":\#(expected)}"#)
    }

    @Test(arguments: [
        (#""stop":"END""#, #"{"stop_sequences":["END"]}"#), (#""stop":["a","b"]"#, #"{"stop_sequences":["a","b"]}"#),
        (#""user":"u-1""#, #"{"metadata":{"user_id":"u-1"}}"#), (#""temperature":0.5"#, #"{"temperature":0.5}"#),
        (#""temperature":0"#, #"{"temperature":0.0}"#), (#""temperature":1.7"#, "{}"), (#""temperature":1"#, "{}"),
        (#""temperature":0.5,"top_p":1"#, #"{"temperature":0.5}"#), (#""top_p":0.9"#, #"{"top_p":0.9}"#),
        (#""top_k":40"#, #"{"top_k":40}"#),
        (#""metadata":{"a":"b"},"store":false,"seed":null,"presence_penalty":0,"logprobs":false"#, "{}"),
        (
            #""response_format":{"type":"json_object"}"#,
            #"{"system":"\#(AnthropicRequest.jsonInstruction)"}"#
        ),
        (
            ##""response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{"type":"object","properties":{"type":{"type":["object","null"]},"a":{"type":"array","items":{"type":"object","additionalProperties":true}}}}}}"##,
            #"{"output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{"type":{"type":["object","null"],"additionalProperties":false},"a":{"type":"array","items":{"type":"object","additionalProperties":true}}},"additionalProperties":false}}}}"#
        ),
    ])
    func `fields go out in the platform's words`(_ fields: String, _ expected: String) throws {
        #expect(try AnthropicAsk.fields(fields) == expected)
    }

    @Test(arguments: ["claude-opus-4-7", "claude-haiku-5-5", "claude-next"])
    func `models that take no sampling get none`(_ model: String) throws {
        #expect(try AnthropicAsk.fields(#""temperature":0.2,"top_p":0.9,"top_k":null"#, model: model) == "{}")
    }

    @Test func `a model that takes one of two gets the temperature, and none while it thinks`() throws {
        #expect(try AnthropicAsk.fields(#""temperature":0.5,"top_p":0.9"#) == #"{"temperature":0.5}"#)
        let thinking = try AnthropicAsk.fields(#""temperature":0.5,"top_p":0.9,"reasoning_effort":"low""#)
        #expect(!thinking.contains("temperature") && !thinking.contains("top_p"))
    }
}
