import Shared
import Testing

@testable import Worker

/// Ranges and words are the platform's: each refuses its own, and a server of which nothing is known gets all.
@Suite struct PlatformLimitsTests {
    private static let adapters: [String: (adapter: any ProviderAdapter, model: String)] = [
        "openai": (OpenAIOwnDialect.adapter, "gpt-4.1-mini"), "server": (OpenAIOwnDialect.adapter, "Qwen/Qwen3-8B"),
        "compatible": (OpenAIOwnDialect.compatibleAdapter, "gpt-4.1-mini"),
        "claude": (AnthropicAdapter(), "claude-haiku-4-5"), "qianfan": (QianfanDialect.adapter, "ernie-5.1"),
        "ernie": (ErnieV1Adapter(), "ernie-4.0-8k"), "dashscope": (DashScopeAdapter(), "qwen-plus"),
        "qwen": (QwenCompatibleDialect.adapter, "qwen-plus"), "tokenhub": (TokenHubDialect.adapter, "hy3"),
        "hunyuan": (HunyuanAdapter(), "hunyuan-turbos"),
        "hunyuan-legacy": (HunyuanCompatibleDialect.adapter, "hunyuan"),
        "zhipu": (ZhipuDialect.adapter, "glm-5.2"),
    ]
    private static let known = adapters.keys.filter { $0 != "server" && $0 != "compatible" }.sorted()
    private static let tool = #""tools":[{"type":"function","function":{"name":"f"}}]"#

    private func refusal(_ name: String, _ members: String, messages: String = #"{"role":"user","content":"hi"}"#)
        throws
        -> JobFailure?
    {
        let text = #"{"model":"m","messages":[\#(messages)]\#(members.isEmpty ? "" : ",")\#(members)}"#
        let chat = try ChatRequest(decoding: Array(text.utf8))
        let (adapter, model) = try #require(Self.adapters[name])
        do throws(JobFailure) {
            try adapter.check(chat, model: model, settings: [:])
            return nil
        } catch { return error }
    }

    @Test(arguments: [
        (#""temperature":2.5"#, "temperature"), (#""top_p":-0.1"#, "top_p"),
        (#""response_format":{"type":"grammar","value":"x"}"#, "response_format"),
        (#"\#(tool),"tool_choice":"sometimes""#, "tool_choice"),
        (#"\#(tool),"tool_choice":{"type":"function","function":{"name":"g"}}"#, "tool_choice"),
        (#""max_tokens":0"#, "max_tokens"), (#""max_completion_tokens":-1"#, "max_completion_tokens"),
        (#""presence_penalty":3"#, "presence_penalty"), (#""logprobs":true,"top_logprobs":21"#, "logprobs"),
    ])
    func `every platform refuses what is beyond it by name, and a server gets all`(_ members: String, _ param: String)
        throws
    {
        for name in Self.known {
            let failure = try #require(try refusal(name, members), "\(name) takes \(members)")
            let named = failure.param.map { $0.hasPrefix(param) || $0 == "top_logprobs" } ?? false
            #expect(failure.kind == .unsupportedParameter && named, "\(name): \(failure)")
        }
        for name in ["server", "compatible"] { #expect(try refusal(name, members) == nil) }
    }

    @Test(
        arguments: [
            ("openai", 4), ("claude", nil), ("qianfan", 4), ("ernie", 4), ("dashscope", 16), ("qwen", 16),
            ("tokenhub", 4),
            ("hunyuan", 16), ("hunyuan-legacy", 4), ("zhipu", 1), ("server", nil), ("compatible", nil),
        ] as [(String, Int?)])
    func `each platform has its own number of stop texts`(_ name: String, _ most: Int?) throws {
        func stops(_ count: Int) -> String {
            #""stop":[\#((0..<count).map { "\"s\($0)\"" }.joined(separator: ","))]"#
        }
        #expect(try refusal(name, stops(most ?? 64)) == nil)
        if let most { #expect(try refusal(name, stops(most + 1))?.param == "stop") }
    }

    @Test func `a role that a platform does not know is refused by its place`() throws {
        let messages = #"{"role":"user","content":"a"},{"role":"wizard","content":"b"}"#
        for name in Self.known {
            #expect(try refusal(name, "", messages: messages)?.param == "messages[1].role", "\(name)")
        }
        for name in ["server", "compatible"] { #expect(try refusal(name, "", messages: messages) == nil) }
    }

    @Test func `images in results of tools reach Claude and servers, and are refused elsewhere`() throws {
        let messages = #"""
            {"role":"user","content":"a"},
            {"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"c","content":[{"type":"text","text":"see"},
            {"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}
            """#
        for name in Self.known where name != "claude" {
            let failure = try #require(try refusal(name, Self.tool, messages: messages), "\(name) takes it")
            #expect(failure.param?.hasPrefix("messages[2].content") == true, "\(name): \(failure)")
        }
        for name in ["claude", "server", "compatible"] {
            #expect(try refusal(name, Self.tool, messages: messages) == nil)
        }
    }

    @Test(arguments: [
        (
            #"{"role":"user","content":"a"},{"role":"tool","tool_call_id":"c","content":"1"}"#,
            "messages[1].tool_call_id"
        ),
        (
            #"""
            {"role":"user","content":"a"},
            {"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
            {"role":"user","content":"b"}
            """#, "messages[1].tool_calls"
        ),
        (
            #"""
            {"role":"user","content":"a"},
            {"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"d","content":"b"}
            """#, "messages[2].tool_call_id"
        ),
    ])
    func `calls and results that do not belong together are refused by their place`(
        _ messages: String, _ param: String
    ) throws {
        for name in Self.known { #expect(try refusal(name, Self.tool, messages: messages)?.param == param, "\(name)") }
        for name in ["server", "compatible"] { #expect(try refusal(name, Self.tool, messages: messages) == nil) }
    }

    @Test func `a refusal speaks of functions to a caller that did`() throws {
        let text =
            #"{"model":"m","messages":[{"role":"user","content":"hi"}],"functions":[{"name":"f"}],"function_call":{"name":"f"}}"#
        let chat = try ChatRequest(decoding: Array(text.utf8))
        let model = Model(id: "m", provider: .zhipu, modelID: "glm-5.2")
        let route = Route(model: model, account: Account(id: "a", provider: .zhipu))
        let failure = try #require(route.refusal(of: .chat(chat)))
        #expect(failure.param == "function_call" && failure.message.contains("'function_call'"))
    }

    @Test(arguments: [
        ("claude-opus-4-8", #""temperature":0.5,"top_p":0.5,"top_k":3"#, ["temperature", "top_p", "top_k"]),
        ("claude-haiku-4-5", #""top_k":3,"reasoning_effort":"low""#, ["top_k"]),
        ("claude-haiku-4-5", #""top_k":3"#, []),
        ("claude-haiku-4-5", #""temperature":0.5,"top_p":0.5"#, ["top_p"]),
        ("claude-haiku-4-5", #""temperature":1"#, []), ("claude-opus-4-8", #""temperature":1"#, []),
        ("gpt-6-luna", #""temperature":0.5,"top_p":1,"frequency_penalty":1"#, ["temperature", "frequency_penalty"]),
        ("gpt-6-luna", #""temperature":0.5,"reasoning_effort":"none""#, []),
        ("gpt-4.1-mini", #""temperature":0.5"#, []),
    ])
    func `sampling that a model does not take is left out and named`(
        _ model: String, _ members: String, _ names: [String]
    ) throws {
        let text = #"{"model":"m","messages":[{"role":"user","content":"hi"}],\#(members)}"#
        let chat = try ChatRequest(decoding: Array(text.utf8))
        let adapter: any ProviderAdapter = model.hasPrefix("claude") ? AnthropicAdapter() : OpenAIOwnDialect.adapter
        #expect(adapter.dropped(chat, model: model, settings: [:]) == names)
        let target = Target(model: model, account: AccountView(credential: Credential("sk")), now: 0)
        let sent = try JSON(parsing: adapter.makeRequest(chat, target).body)
        for name in names { #expect(sent[name] == nil) }
    }
}
