import Shared
import Testing

@testable import Worker

/// The platforms that speak OpenAI's wire with differences: what goes out, what is refused, what comes back.
@Suite struct DialectTests {
    private static let wires: [String: OpenAIAdapter] = [
        "qianfan": QianfanDialect.adapter, "tokenhub": TokenHubDialect.adapter,
        "hunyuan": HunyuanCompatibleDialect.adapter,
        "zhipu": ZhipuDialect.adapter, "qwen": QwenCompatibleDialect.adapter, "openai": OpenAIOwnDialect.adapter,
    ]

    private func chat(_ members: String, messages: String = #"[{"role":"user","content":"hi"}]"#) throws -> ChatRequest
    {
        try ChatRequest(decoding: Array(#"{"model":"alias","messages":\#(messages)\#(members)}"#.utf8))
    }

    private func sent(
        _ name: String, _ members: String, model: String = "m", messages: String = #"[{"role":"user","content":"hi"}]"#
    ) throws -> JSON {
        let wire = try #require(Self.wires[name])
        let chat = try chat(members, messages: messages)
        try wire.check(chat, model: model, settings: [:])
        let target = Target(model: model, account: AccountView(credential: Credential("key")), now: 0)
        return try JSON(parsing: wire.makeRequest(chat, target).body)
    }

    private func refused(_ name: String, _ members: String, model: String = "m", messages: String? = nil) throws
        -> JobFailure?
    {
        let wire = try #require(Self.wires[name])
        let chat = try messages.map { try self.chat(members, messages: $0) } ?? self.chat(members)
        do throws(JobFailure) {
            try wire.check(chat, model: model, settings: [:])
            return nil
        } catch { return error }
    }

    @Test(arguments: wires.keys.sorted())
    func `the old style, which has room for one call, asks for one where the platform can be asked`(
        _ name: String
    ) throws {
        let fields = try #require(Self.wires[name]).dialect.fields
        let knows = fields?.known.contains("parallel_tool_calls") ?? true
        #expect(knows == ["openai", "qianfan", "qwen", "tokenhub"].contains(name))
        let expected: JSON? = knows ? false : nil
        for more in ["", #","parallel_tool_calls":true"#] {
            let body = try sent(name, #","functions":[{"name":"f","parameters":{"type":"object"}}]"# + more)
            #expect(body["parallel_tool_calls"] == expected)
        }
        let tools = #","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]"#
        #expect(try sent(name, tools)["parallel_tool_calls"] == nil)
    }

    @Test(arguments: [
        ("gpt-4o", true), ("gpt-5", true), ("llama", true), ("o3", false), ("o4-mini", false), ("ft:o4-mini:me", false),
    ])
    func `OpenAI's o-series refuses to be asked for one call`(_ model: String, _ isAsked: Bool) throws {
        let body = try sent("openai", #","functions":[{"name":"f"}]"#, model: model)
        let expected: JSON? = isAsked ? false : nil
        #expect(body["parallel_tool_calls"] == expected)
    }

    @Test(arguments: ["qianfan", "tokenhub", "zhipu", "qwen"])
    func `the token limit goes out under the name that the platform has`(_ name: String) throws {
        let body = try sent(name, #","max_completion_tokens":9"#)
        #expect(body["max_tokens"]?.intValue == 9)
        #expect(body["max_completion_tokens"] == nil)
    }

    @Test func `OpenAI's reasoning models get the name they insist on, others keep what was said`() throws {
        #expect(try sent("openai", #","max_tokens":9"#, model: "gpt-6-luna")["max_completion_tokens"]?.intValue == 9)
        #expect(try sent("openai", #","max_tokens":9"#, model: "gpt-4.1-mini")["max_tokens"]?.intValue == 9)
        #expect(try sent("openai", #","max_tokens":9"#, model: "Qwen/Qwen3-8B")["max_tokens"]?.intValue == 9)
    }

    @Test(
        arguments: [
            ("qianfan", "0", "0.01"), ("qianfan", "1.7", "1.0"), ("zhipu", "2", "1.0"), ("zhipu", "0.7", "0.7"),
            ("tokenhub", "2", "2"),
        ])
    func `temperatures outside the platform's range become the nearest inside`(
        _ name: String, _ given: String, _ expected: String
    ) throws {
        let number = try sent(name, #","temperature":\#(given)"#)["temperature"]
        #expect(number?.doubleValue == Double(expected))
    }

    @Test func `a temperature of zero is greedy at Zhipu`() throws {
        #expect(try sent("zhipu", #","temperature":0"#)["do_sample"] == false)
    }

    @Test(arguments: ["qianfan", "tokenhub", "hunyuan", "zhipu", "qwen"])
    func `developer messages are system messages, and leftovers of older answers stay here`(_ name: String) throws {
        let messages = #"""
            [{"role":"developer","content":"be brief"},{"role":"user","content":"a"},
             {"role":"assistant","content":"b","refusal":null,"annotations":[]},{"role":"user","content":"c"}]
            """#
        let sent = try #require(try sent(name, "", messages: messages)["messages"]?.arrayValue)
        #expect(sent.first?["role"] == "system")
        #expect(sent.allSatisfy { $0["refusal"] == nil && $0["annotations"] == nil })
    }

    @Test func `Hunyuan takes no empty content, from the user or the assistant`() throws {
        let messages =
            #"[{"role":"user","content":"a"},{"role":"assistant","content":""},{"role":"user","content":"b"}]"#
        #expect(try sent("hunyuan", "", messages: messages)["messages"]?[1]?["content"] == " ")
        let failure = try refused("hunyuan", "", messages: #"[{"role":"user","content":""}]"#)
        #expect(failure?.param == "messages[0].content")
    }

    @Test func `Hunyuan gets alternating roles and one system text in front`() throws {
        let messages = #"""
            [{"role":"user","content":"a"},{"role":"system","content":"s"},{"role":"user","content":"b"},
             {"role":"assistant","content":"c"},{"role":"assistant","content":"d"},{"role":"user","content":"e"}]
            """#
        let sent = try sent("hunyuan", "", messages: messages)["messages"]?.arrayValue
        #expect(sent?.map { $0["role"]?.stringValue } == ["system", "user", "assistant", "user"])
        #expect(sent?[1]["content"] == "a\n\nb")
        #expect(sent?[2]["content"] == "c\n\nd")
    }

    @Test(
        arguments: [
            ("zhipu", #","stop":["a","b"]"#, "stop"), ("zhipu", #","frequency_penalty":1"#, "frequency_penalty"),
            ("zhipu", #","n":2"#, "n"), ("zhipu", #","logit_bias":{"1":2}"#, "logit_bias"),
            (
                "zhipu", #","tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required""#,
                "tool_choice"
            ),
            ("hunyuan", #","max_tokens":5"#, "max_tokens"),
            ("hunyuan", #","response_format":{"type":"json_object"}"#, "response_format"),
            ("qianfan", #","logprobs":true"#, "logprobs"), ("qianfan", #","n":3"#, "n"),
            ("qwen", #","logit_bias":{"1":2}"#, "logit_bias"), ("qwen", #","n":5"#, "n"),
            ("tokenhub", #","audio":{"voice":"x"}"#, "audio"),
        ])
    func `what a platform cannot say is refused by field and platform`(
        _ name: String, _ members: String, _ field: String
    ) throws {
        let failure = try #require(try refused(name, members))
        #expect(failure.kind == .unsupportedParameter)
        #expect(failure.param == field)
        #expect(failure.code == "unsupported_parameter")
        let platform = try #require(Self.wires[name]).dialect.platform
        #expect(failure.message.hasPrefix(platform))
    }

    @Test(arguments: ["qianfan", "tokenhub", "hunyuan", "zhipu", "qwen"])
    func `fields that ask for nothing, and hints, are neither refused nor sent`(_ name: String) throws {
        let members = #","logit_bias":{},"store":true,"metadata":{"a":"b"},"service_tier":"auto","verbosity":"low""#
        let body = try sent(name, members)
        for field in ["logit_bias", "store", "metadata", "service_tier", "verbosity"] { #expect(body[field] == nil) }
    }

    @Test(arguments: ["qianfan", "tokenhub", "hunyuan", "zhipu", "qwen"])
    func `a platform's own extras go out as they came`(_ name: String) throws {
        #expect(try sent(name, #","enable_search":true"#)["enable_search"] == true)
    }

    @Test(
        arguments: [
            ("qianfan", #","reasoning_effort":"none""#, "m", #"{"enable_thinking":false}"#),
            (
                "qianfan", #","thinking":{"type":"enabled","budget_tokens":100}"#, "m",
                #"{"enable_thinking":true,"thinking_budget":100}"#
            ),
            ("tokenhub", #","enable_thinking":false"#, "hy3", #"{"thinking":{"type":"disabled"}}"#),
            (
                "tokenhub", #","reasoning_effort":"medium""#, "hy3",
                #"{"thinking":{"type":"enabled","budget_tokens":4096}}"#
            ),
            ("tokenhub", #","reasoning_effort":"high""#, "minimax-m3", #"{"thinking":{"type":"adaptive"}}"#),
            ("zhipu", #","enable_thinking":false"#, "glm-4.7", #"{"thinking":{"type":"disabled"}}"#),
            (
                "zhipu", #","reasoning_effort":"medium""#, "glm-5.3",
                #"{"thinking":{"type":"enabled"},"reasoning_effort":"high"}"#
            ),
            ("hunyuan", #","reasoning_effort":"low""#, "m", #"{"enable_thinking":true}"#),
            ("openai", #","enable_thinking":false"#, "gpt-6.1-sol", #"{"reasoning_effort":"none"}"#),
            ("openai", #","enable_thinking":false"#, "qwen3-8b", #"{"enable_thinking":false}"#),
            ("qwen", #","thinking":{"type":"disabled"}"#, "qwen-plus", #"{"enable_thinking":false}"#),
        ])
    func `a wish about thinking goes out in the platform's words`(
        _ name: String, _ members: String, _ model: String, _ expected: String
    ) throws {
        let body = try #require(try sent(name, members, model: model).objectValue)
        var said = JSONObject()
        for member in body.members where ReasoningOptions.fields.contains(member.key) {
            said.set(member.key, member.value)
        }
        let wanted = try JSON(parsing: Array(expected.utf8))
        #expect(said.count == wanted.objectValue?.count)
        for member in wanted.objectValue?.members ?? [] { #expect(said[member.key] == member.value) }
    }

    @Test func `a model that always thinks cannot be told not to`() throws {
        let failure = try refused("zhipu", #","reasoning_effort":"none""#, model: "glm-5.3-flash")
        #expect(failure?.param == "reasoning_effort")
    }

    @Test func `an unknown effort is refused with the ones there are`() throws {
        let failure = try refused("zhipu", #","reasoning_effort":"huge""#)
        #expect(failure?.kind == .invalidRequest)
        #expect(failure?.message.contains("xhigh") == true)
    }

    @Test func `Zhipu is offered tools or none, and streams their arguments`() throws {
        let tools = #","tools":[{"type":"function","function":{"name":"f"}}]"#
        let none = try sent("zhipu", tools + #","tool_choice":"none""#)
        let streamed = try sent("zhipu", tools + #","stream":true,"stream_options":{"include_usage":true}"#)
        #expect(none["tools"] == nil && none["tool_choice"] == nil)
        #expect(streamed["tool_stream"] == true && streamed["tool_choice"] == "auto")
        #expect(streamed["stream_options"] == nil)
    }

    @Test(arguments: [("abc", nil), ("user-42", "user-42")] as [(String, String?)])
    func `Zhipu gets a user of the length it takes`(_ user: String, _ expected: String?) throws {
        let body = try sent("zhipu", #","user":"\#(user)""#)
        #expect(body["user_id"]?.stringValue == expected)
        #expect(body["user"] == nil)
    }

    @Test(
        arguments: [
            ("zhipu", 429, "1113", .quotaExhausted), ("zhipu", 429, "1302", .rateLimited),
            ("zhipu", 429, "1305", .overloaded), ("zhipu", 401, "1002", .authentication),
            ("zhipu", 429, "1112", .authentication), ("zhipu", 400, "1261", .contextTooLong),
            ("zhipu", 400, "1301", .contentFiltered), ("zhipu", 404, "1211", .modelNotFound),
            ("zhipu", 500, "1234", .serverError), ("zhipu", 400, "1214", .invalidRequest),
            ("qianfan", 401, "invalid_model", .modelNotFound), ("qianfan", 400, "invalid_model", .invalidRequest),
            ("qianfan", 401, "invalid_iam_token", .authentication),
            ("qianfan", 403, "account_overdue", .quotaExhausted),
            ("qianfan", 403, "system_unsafe", .contentFiltered), ("qianfan", 400, "tokens_too_long", .contextTooLong),
            ("qianfan", 429, "rpm_rate_limit_exceeded", .rateLimited),
            ("qianfan", 429, "cluster_rpm_rate_limit_exceeded", .overloaded),
            ("qianfan", 429, "coding_plan_hour_quota_exceeded", .quotaExhausted),
            ("qianfan", 500, "internal_error", .serverError), ("tokenhub", 401, "401002", .authentication),
            ("tokenhub", 402, "401007", .quotaExhausted), ("tokenhub", 402, "403004", .quotaExhausted),
            ("tokenhub", 403, "403001", .authentication), ("tokenhub", 429, "429001", .rateLimited),
            ("tokenhub", 451, "451001", .contentFiltered), ("tokenhub", 502, "502001", .serverError),
            ("tokenhub", 400, "400001", .invalidRequest), ("hunyuan", 400, "1001", .invalidRequest),
            ("qwen", 429, "insufficient_quota", .rateLimited), ("qwen", 400, "Arrearage", .quotaExhausted),
            ("qwen", 400, "data_inspection_failed", .contentFiltered),
            ("qwen", 401, "invalid_api_key", .authentication),
        ] as [(String, Int, String, JobFailure.Kind)])
    func `each documented error has its kind`(
        _ name: String, _ status: Int, _ code: String, _ kind: JobFailure.Kind
    ) throws {
        let wire = try #require(Self.wires[name])
        let body = #"{"error":{"code":"\#(code)","message":"m"}}"#
        let refusal = UpstreamResponse(status: status, headers: { _ in nil }, body: Array(body.utf8), now: 0)
        #expect(wire.failure(refusal).kind == kind)
    }

    private func decode(_ name: String, _ events: [String]) throws -> (
        deltas: [ChatDelta], end: Result<ChatCompletionEnd, JobFailure>
    ) {
        var decoder = try #require(Self.wires[name]).makeDecoder(
            ResponseContext(isStream: true, contentType: "text/event-stream"))
        let deltas = decoder.feed(Array(events.map { "data: \($0)\n\n" }.joined().utf8))
        do throws(JobFailure) {
            let end = try decoder.finish()
            return (deltas + end.deltas, .success(end))
        } catch {
            return (deltas, .failure(error))
        }
    }

    @Test(
        arguments: [
            ("zhipu", "sensitive", "content_filter"), ("zhipu", "model_context_window_exceeded", "length"),
            ("qianfan", "normal", "stop"), ("qianfan", "function_call", "tool_calls"),
            ("hunyuan", "sensitive", "content_filter"),
        ])
    func `finish reasons are OpenAI's`(_ name: String, _ given: String, _ expected: String) throws {
        let (deltas, end) = try decode(
            name,
            [#"{"model":"m","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"\#(given)"}]}"#, "[DONE]"])
        #expect(try end.get().finishReason == expected)
        #expect(
            String(decoding: try #require(deltas.last).json, as: UTF8.self).contains(#""finish_reason":"\#(expected)""#)
        )
    }

    @Test func `a network error as finish reason is a failure, not an end`() throws {
        let (_, end) = try decode(
            "zhipu",
            [#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"network_error"}]}"#, "[DONE]"])
        #expect(throws: JobFailure.self) { try end.get() }
    }

    @Test func `a flagged choice was filtered`() throws {
        let (_, end) = try decode(
            "qianfan",
            [#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop","flag":2}]}"#, "[DONE]"])
        #expect(try end.get().finishReason == "content_filter")
    }

    @Test func `a call's id and name go out once, however often the platform repeats or empties them`() throws {
        func call(_ json: String) -> String {
            #"{"choices":[{"index":0,"delta":{"tool_calls":[\#(json)]},"finish_reason":null}]}"#
        }
        let (deltas, _) = try decode(
            "qwen",
            [
                call(#"{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}}"#),
                call(#"{"index":0,"id":"","type":"function","function":{"name":"","arguments":"{"}}"#),
                call(#"{"index":0,"id":"c1","function":{"name":"f","arguments":"}"}}"#),
            ])
        let texts = deltas.map { String(decoding: $0.json, as: UTF8.self) }
        #expect(texts.filter { $0.contains(#""id""#) }.count == 1)
        #expect(texts.filter { $0.contains(#""name""#) }.count == 1)
    }

    @Test func `an error as a bare line of JSON in the middle of a stream is read`() throws {
        var decoder = QianfanDialect.adapter.makeDecoder(ResponseContext(isStream: true, contentType: nil))
        let text =
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"
            + #"{"error":{"code":"internal_error","message":"m","type":"Internal_error"},"id":"as-1"}"# + "\n\n"
        _ = decoder.feed(Array(text.utf8))
        let failure = #expect(throws: JobFailure.self) { try decoder.finish() }
        #expect(failure?.kind == .serverError)
        #expect(failure?.code == "internal_error")
    }
}
