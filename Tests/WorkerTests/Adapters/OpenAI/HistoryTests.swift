import Shared
import Testing

@testable import Worker

/// Histories on their way out: a server gets everything, a strict platform only the members that it knows.
@Suite struct HistoryTests {
    private static let strict: [String: (wire: OpenAIAdapter, model: String)] = [
        "openai": (OpenAIOwnDialect.adapter, "gpt-4.1-mini"), "qianfan": (QianfanDialect.adapter, "ernie-5.1"),
        "qwen": (QwenCompatibleDialect.adapter, "qwen-plus"), "tokenhub": (TokenHubDialect.adapter, "hy3"),
        "hunyuan": (HunyuanCompatibleDialect.adapter, "hunyuan"), "zhipu": (ZhipuDialect.adapter, "glm-5.2"),
    ]
    private static let answer = #"""
        {"role":"assistant","content":null,"refusal":null,"annotations":[{"type":"url_citation"}],"audio":null,
        "reasoning_content":"thought","thinking_blocks":[{"type":"thinking","thinking":"t","signature":"s"}],
        "function_call":null,"extra_content":{"google":{}},"tool_calls":[{"index":0,"id":"c","type":"function",
        "function":{"name":"f","arguments":null,"x":1},"extra_content":{}}]}
        """#
    private static let result = #"{"role":"tool","tool_call_id":"c","content":"1","x_more":true}"#
    private static let marked =
        #"{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},{"type":"text","text":""}]}"#

    private func sent(
        _ wire: OpenAIAdapter, _ model: String, _ messages: String, _ members: String = ""
    ) throws -> JSON {
        let text = #"{"model":"m","messages":[\#(messages)]\#(members)}"#
        let chat = try ChatRequest(decoding: Array(text.utf8))
        try wire.check(chat, model: model, settings: [:])
        let target = Target(model: model, account: AccountView(credential: Credential("key")), now: 0)
        return try JSON(parsing: wire.makeRequest(chat, target).body)
    }

    @Test(arguments: strict.keys.sorted())
    func `a strict platform gets what it knows`(_ name: String) throws {
        let (wire, model) = try #require(Self.strict[name])
        let tools =
            #","tools":[{"type":"function","function":{"name":"f","x":1},"cache_control":{"type":"ephemeral"}}]"#
        let body = try sent(wire, model, "\(Self.marked),\(Self.answer),\(Self.result)", tools)
        let content: JSON = name == "hunyuan" ? " " : .null
        #expect(
            body["messages"] == [
                ["role": "user", "content": [["type": "text", "text": "a"]]],
                [
                    "role": "assistant", "content": content,
                    "tool_calls": [
                        ["id": "c", "type": "function", "function": ["name": "f", "arguments": "{}"]]
                    ],
                ],
                ["role": "tool", "tool_call_id": "c", "content": "1"],
            ])
        #expect(body["tools"] == [["type": "function", "function": ["name": "f"]]])
    }

    @Test(arguments: [OpenAIOwnDialect.compatibleAdapter, OpenAIOwnDialect.adapter].indices)
    func `a server gets all that says something`(_ index: Int) throws {
        let wire = [OpenAIOwnDialect.compatibleAdapter, OpenAIOwnDialect.adapter][index]
        let body = try sent(wire, "Qwen/Qwen3-8B", "\(Self.marked),\(Self.answer),\(Self.result)")
        let answer = body["messages"]?[1]
        #expect(answer?["reasoning_content"] == "thought" && answer?["thinking_blocks"] != nil)
        #expect(answer?["annotations"] != nil && answer?["extra_content"] != nil)
        #expect(answer?["refusal"] == nil && answer?["audio"] == nil && answer?["function_call"] == nil)
        #expect(answer?["tool_calls"]?[0]?["extra_content"] == [:])
        #expect(body["messages"]?[0]?["content"]?[0]?["cache_control"] != nil)
        #expect(body["messages"]?[2]?["x_more"] == true)
    }

    @Test(arguments: strict.keys.sorted())
    func `a refusal is what the model said, where there is no other word for it`(_ name: String) throws {
        let (wire, model) = try #require(Self.strict[name])
        let refusal = #"{"role":"assistant","content":null,"refusal":"I will not."}"#
        let user = #"{"role":"user","content":"a"}"#
        let message = try sent(wire, model, "\(user),\(refusal),\(user)")["messages"]?[1]
        if name == "openai" {
            #expect(message == ["role": "assistant", "content": "", "refusal": "I will not."])
        } else {
            #expect(message == ["role": "assistant", "content": "I will not."])
        }
    }

    @Test(
        arguments: [
            ("qwen", "qwen-plus", #","preserve_thinking":true"#), ("tokenhub", "deepseek-v4-pro", ""),
            ("zhipu", "glm-5.2", #","thinking":{"type":"enabled","clear_thinking":false}"#),
        ])
    func `thinking goes back where the model reads it`(_ name: String, _ model: String, _ members: String) throws {
        let wire = try #require(Self.strict[name]).wire
        let messages =
            #"{"role":"user","content":"a"},{"role":"assistant","content":"b","reasoning_content":"t"},{"role":"user","content":"c"}"#
        #expect(try sent(wire, model, messages, members)["messages"]?[1]?["reasoning_content"] == "t")
        #expect(
            try sent(wire, name == "tokenhub" ? "hy3" : model, messages)["messages"]?[1]?["reasoning_content"] == nil)
    }

    @Test(arguments: ["qianfan", "qwen", "tokenhub", "hunyuan", "zhipu"])
    func `instructions alone are said by the user`(_ name: String) throws {
        let (wire, model) = try #require(Self.strict[name])
        let messages = #"{"role":"system","content":"a"},{"role":"developer","content":"b"}"#
        let sent = try sent(wire, model, messages)["messages"]
        #expect(sent == [["role": "system", "content": "a"], ["role": "user", "content": "b"]])
    }

    @Test func `an empty result of a tool says nothing aloud at Hunyuan`() throws {
        let calls = #"{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f"}}]}"#
        for content in [#""""#, "null", "[]", #"[{"type":"text","text":""}]"#] {
            let tool = #"{"role":"tool","tool_call_id":"c","content":\#(content)}"#
            let body = try sent(
                HunyuanCompatibleDialect.adapter, "hunyuan", #"{"role":"user","content":"a"},\#(calls),\#(tool)"#)
            #expect(body["messages"]?[2]?["content"] == " ")
        }
    }

    @Test func `messages that are merged count once at Hunyuan`() throws {
        let many = Array(repeating: #"{"role":"user","content":"a"}"#, count: 60).joined(separator: ",")
        #expect(try sent(HunyuanCompatibleDialect.adapter, "hunyuan", many)["messages"]?.arrayValue?.count == 1)
        let pair = #"{"role":"user","content":"a"},{"role":"assistant","content":"b"}"#
        let long = Array(repeating: pair, count: 25).joined(separator: ",") + #",{"role":"user","content":"a"}"#
        #expect(throws: JobFailure.self) { try sent(HunyuanCompatibleDialect.adapter, "hunyuan", long) }
    }

    @Test func `Qwen models keep their own words for thinking at TokenHub`() throws {
        let user = #"{"role":"user","content":"a"}"#
        let body = try sent(
            TokenHubDialect.adapter, "qwen3.7-max", user, #","enable_thinking":true,"thinking_budget":99"#)
        #expect(body["enable_thinking"] == true && body["thinking_budget"]?.intValue == 99 && body["thinking"] == nil)
    }

    @Test(
        arguments: [
            (#""Once, \n""#, #""Once,""#),
            (#"[{"type":"text","text":"Once, "},{"type":"text","text":"there \t"}]"#, nil),
            (#""  \n""#, nil), ("null", nil), (#"[{"type":"text","text":" "}]"#, nil),
        ] as [(String, String?)])
    func `Claude goes on with a text that ends cleanly`(_ content: String, _ wanted: String?) throws {
        let body = try AnthropicAsk.body(
            #"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":\#(content)}]}"#)
        if let wanted {
            #expect(body.hasSuffix(#"{"role":"assistant","content":\#(wanted)}]}"#))
        } else if content.contains("there") {
            #expect(body.contains(#"{"type":"text","text":"Once, "},{"type":"text","text":"there"}]}]}"#))
        } else {
            #expect(body.hasSuffix(#""messages":[{"role":"user","content":"a"}]}"#))
        }
    }

    @Test func `a blank text to be gone on with is no prefill for models that take none`() throws {
        let body = try AnthropicAsk.body(
            #"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":" "}]}"#,
            model: "claude-opus-4-8")
        #expect(body.hasSuffix(#""messages":[{"role":"user","content":"a"}]}"#))
    }
}
