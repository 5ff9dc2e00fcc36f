import Shared
import Testing

@testable import Worker

@Suite struct DashScopeThinkingTests {
    private func thinking(_ fields: String, model: String, isStream: Bool = true) throws -> DashScopeThinking {
        let text = #"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":\#(isStream)\#(fields)}"#
        return try DashScopeThinking(try ChatRequest(decoding: Array(text.utf8)), model: model)
    }

    @Test(
        arguments: [
            ("", nil, nil), (#","enable_thinking":true"#, true, nil), (#","enable_thinking":false"#, false, nil),
            (#","enable_thinking":true,"thinking_budget":77"#, true, 77), (#","thinking_budget":77"#, nil, 77),
            (#","thinking":{"type":"enabled","budget_tokens":2048}"#, true, 2048),
            (#","thinking":{"type":"disabled","budget_tokens":2048}"#, false, nil),
            (#","reasoning_effort":"none""#, false, nil),
            (#","reasoning_effort":"low""#, true, 1024), (#","reasoning_effort":"high""#, true, 16_384),
            (#","reasoning_effort":"max""#, true, nil), (#","reasoning_effort":"low","thinking_budget":5"#, true, 5),
        ] as [(String, Bool?, Int?)])
    func `the wish becomes the platform's two parameters`(_ fields: String, _ isOn: Bool?, _ budget: Int?) throws {
        let thinking = try thinking(fields, model: "qwen-plus")
        #expect(thinking.isOn == isOn)
        #expect(thinking.budget == budget)
    }

    @Test(arguments: ["qwen3-8b", "qwen3-0.6b", "qwen3-235b-a22b", "qwen3-next-80b-a3b"], [true, false])
    func `open models think as they do, and then only stream`(_ model: String, _ isStream: Bool) throws {
        #expect(try thinking("", model: model, isStream: isStream).isOn == nil)
        #expect(try thinking("", model: model, isStream: isStream).mustStream)
        #expect(try thinking(#","enable_thinking":true"#, model: model, isStream: isStream).mustStream)
        #expect(try !thinking(#","enable_thinking":false"#, model: model, isStream: isStream).mustStream)
        #expect(
            try !thinking(#","response_format":{"type":"json_object"}"#, model: model, isStream: isStream).mustStream)
    }

    @Test(arguments: ["qwq-plus", "qvq-max", "qwen3-30b-a3b-thinking-2507"])
    func `models that always think only stream`(_ model: String) throws {
        #expect(try thinking(#","enable_thinking":true"#, model: model).isOn == nil)
        #expect(try thinking("", model: model, isStream: false).mustStream)
        let off = #expect(throws: JobFailure.self) { try thinking(#","reasoning_effort":"none""#, model: model) }
        #expect(off?.param == "reasoning_effort")
        for (fields, param) in [
            (#","response_format":{"type":"json_object"}"#, "response_format"), (#","n":2"#, "n"),
        ] {
            let refusal = #expect(throws: JobFailure.self) { try thinking(fields, model: model) }
            #expect(refusal?.param == param)
        }
    }

    @Test(arguments: ["qwen3-omni-flash", "qwen-omni-turbo", "qwen2.5-omni-7b"])
    func `models that hear and speak only stream`(_ model: String) throws {
        #expect(try thinking("", model: model, isStream: false).mustStream)
    }

    @Test(arguments: [
        "qwen-plus", "qwen3-max", "qwen3-coder-480b-a35b-instruct", "qwen3-30b-a3b-instruct-2507",
        "qwen3-vl-8b-thinking", "qwen3.5-27b",
    ])
    func `other models answer in one piece`(_ model: String) throws {
        #expect(try thinking("", model: model, isStream: false).isOn == nil)
        #expect(try !thinking("", model: model, isStream: false).mustStream)
    }

    @Test(arguments: ["native", "compatible"])
    func `a plain request to such a model asks for a stream, with usage and nothing but what is new`(_ mode: String)
        throws
    {
        let account = Account(id: "a", provider: .alibaba, mode: mode)
        let adapter = try #require(Adapters.adapter(for: account))
        let text = #"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#
        let chat = try ChatRequest(decoding: Array(text.utf8))
        func request(_ model: String) throws -> UpstreamRequest {
            try adapter.check(chat, model: model, settings: [:])
            return try adapter.makeRequest(
                chat, Target(model: model, account: AccountView(credential: Credential("sk-1")), now: 0))
        }

        for model in ["qwq-plus", "qwen3-8b", "qwen3-omni-flash"] {
            let request = try request(model)
            let body = try JSON(parsing: request.body)
            #expect(request.isStream)
            #expect(request.header("Accept") == "text/event-stream")
            #expect((mode == "native") == (request.header("X-DashScope-SSE") == "enable"))
            #expect(mode == "native" || body["stream"] == true && body["stream_options"]?["include_usage"] == true)
            #expect(mode == "compatible" || body["parameters"]?["incremental_output"] == true)
        }
        #expect(try !request("qwen-plus").isStream)
    }

    @Test(arguments: [
        #","response_format":{"type":"json_object"}"#,
        #","tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":{"name":"f"}}"#,
        #","n":2"#,
    ])
    func `thinking that nobody asked for gives way to what it rules out`(_ fields: String) throws {
        #expect(try thinking(fields, model: "qwen3.5-plus").isOn == false)
        #expect(try thinking(fields, model: "qwen3-8b").isOn == false)
        #expect(try thinking(fields, model: "qwen-plus").isOn == nil)
    }
}
