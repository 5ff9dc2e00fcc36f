import Shared
import Testing

@testable import Worker

/// Calls of the platforms whose wire is their own, with what their servers are known to leave out.
struct NativeCalls: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let account: Account
    let stream: String
    let whole: String
    /// "name arguments" of each call.
    let calls: [String]

    init(
        _ name: String, _ provider: Provider, _ mode: String? = "native", stream: String, whole: String,
        _ calls: [String]
    ) {
        testDescription = name
        account = Account(id: "a", provider: provider, mode: mode)
        (self.stream, self.whole, self.calls) = (stream, whole, calls)
    }

    private static func dashScope(_ message: String, _ finish: String = "null") -> String {
        let choice = #"{"message":{"role":"assistant","content":"",\#(message)},"finish_reason":"\#(finish)"}"#
        return #"data:{"output":{"choices":[\#(choice)]},"request_id":"r"}"# + "\n\n"
    }

    private static func hunyuan(_ calls: String, _ finish: String = "") -> String {
        let delta = #"{"Role":"assistant","Content":"","ToolCalls":\#(calls)}"#
        return #"data: {"Choices":[{"Index":0,"Delta":\#(delta),"FinishReason":"\#(finish)"}],"Id":"i"}"# + "\n\n"
    }

    private static func claude(_ events: [String]) -> String {
        let first = #"{"type":"message_start","message":{"id":"m","model":"m"}}"#
        let last = [#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#, #"{"type":"message_stop"}"#]
        return ([first] + events + last).map { "data: \($0)\n\n" }.joined()
    }

    static let all = [
        NativeCalls(
            "DashScope without ids, one index for all, arguments as objects", .alibaba,
            stream: dashScope(#""tool_calls":[{"index":0,"function":{"name":"f","arguments":{"a":1}}}]"#)
                + dashScope(#""tool_calls":[{"index":0,"function":{"name":"g","arguments":null}}]"#)
                + dashScope(#""tool_calls":[]"#, "stop"),
            whole:
                #"{"output":{"choices":[{"message":{"content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}},{"function":{"name":"g"}}]},"finish_reason":"stop"}]}}"#,
            [#"f {"a":1}"#, "g {}"]),
        NativeCalls(
            "DashScope without index", .alibaba,
            stream: dashScope(#""tool_calls":[{"id":"c1","function":{"name":"f","arguments":"{\"a\""}}]"#)
                + dashScope(#""tool_calls":[{"id":"","function":{"name":"","arguments":":1}"}}]"#)
                + dashScope(#""tool_calls":[{"id":"c2","function":{"name":"g","arguments":"{}"}}]"#, "tool_calls"),
            whole:
                #"{"output":{"choices":[{"message":{"content":"","tool_calls":[{"id":"c1","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"c1","function":{"name":"g","arguments":""}}]},"finish_reason":"null"}]}}"#,
            [#"f {"a":1}"#, "g {}"]),
        NativeCalls(
            "Hunyuan without ids and arguments", .tencent,
            stream: hunyuan(#"[{"Index":0,"Function":{"Name":"f","Arguments":{"a":1}}}]"#)
                + hunyuan(#"[{"Index":1,"Id":"","Function":{"Name":"g","Arguments":""}}]"#) + hunyuan("[]", "stop"),
            whole:
                #"{"Response":{"Choices":[{"Index":0,"Message":{"Content":"","ToolCalls":[{"Function":{"Name":"f","Arguments":{"a":1}}},{"Function":{"Name":"g"}}]},"FinishReason":"stop"}]}}"#,
            [#"f {"a":1}"#, "g {}"]),
        NativeCalls(
            "Hunyuan with an id that is repeated and one that comes late", .tencent,
            stream: hunyuan(#"[{"Id":"c1","Function":{"Name":"f","Arguments":"{\"a\""}}]"#)
                + hunyuan(#"[{"Id":"c1","Function":{"Name":"f","Arguments":":1}"}}]"#)
                + hunyuan(#"[{"Function":{"Name":"g","Arguments":""}}]"#)
                + hunyuan(#"[{"Id":"c2","Function":{"Arguments":"{}"}}]"#, "tool_calls"),
            whole:
                #"{"Response":{"Choices":[{"Index":0,"Message":{"Content":null,"ToolCalls":[{"Id":"c1","Function":{"Name":"f","Arguments":"{\"a\":1}"}},{"Id":"c1","Function":{"Name":"g","Arguments":"{}"}}]},"FinishReason":"tool_calls"}]}}"#,
            [#"f {"a":1}"#, "g {}"]),
        NativeCalls(
            "Claude without ids, without input, and with an end that does not speak of calls", .anthropic, nil,
            stream: claude([
                #"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","name":"f"}}"#,
                #"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}"#,
                #"{"type":"content_block_stop","index":0}"#,
                #"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"","name":"g","input":null}}"#,
            ]),
            whole:
                #"{"content":[{"type":"tool_use","name":"f","input":{"a":1}},{"type":"tool_use","id":null,"name":"g","input":null}],"stop_reason":"end_turn"}"#,
            [#"f {"a":1}"#, "g {}"]),
        NativeCalls(
            "ERNIE v1 with an object, and no id of the answer", .baidu, "legacy",
            stream: #"data: {"result":"","function_call":{"name":"f","arguments":{"a":1}}}"# + "\n\n"
                + #"data: {"result":"","is_end":true,"finish_reason":"normal"}"# + "\n\n",
            whole: #"{"result":"","function_call":{"name":"f","arguments":{"a":1}},"finish_reason":"normal"}"#,
            [#"f {"a":1}"#]),
    ]
}

@Suite struct NativeCallTests {
    private func answer(_ native: NativeCalls, isStream: Bool, _ style: CallStyle) throws -> DecodedAnswer {
        var shape = ResponseContext(isStream: isStream, contentType: nil, model: "m", now: 1000)
        shape.calls = CallForm(style: style, ids: CallIDs("job-1"))
        let adapter = try #require(Adapters.adapter(for: native.account))
        return DecodedAnswer(
            Array((isStream ? native.stream : native.whole).utf8), cuts: [], AnyDecoder(adapter.makeDecoder(shape)))
    }

    private struct Said {
        var calls: [(id: String, name: String, arguments: String)] = []
        var reasons: [String] = []
        var old = ""
    }

    /// As a client puts it together, from a stream or a body.
    private func said(_ answer: DecodedAnswer, isStream: Bool) throws -> Said {
        let end = try #require(answer.end)
        let answers = isStream ? answer.deltas.map(\.json) : [end.body]
        var said = Said()
        for choice in try answers.flatMap({ try JSON(parsing: $0)["choices"]?.arrayValue ?? [] }) {
            let message = choice[isStream ? "delta" : "message"]
            if let reason = choice["finish_reason"]?.stringValue { said.reasons.append(reason) }
            let old = message?["function_call"]
            said.old += (old?["name"]?.stringValue.map { $0 + " " } ?? "") + (old?["arguments"]?.stringValue ?? "")
            for (place, call) in (message?["tool_calls"]?.arrayValue ?? []).enumerated() {
                let number = try isStream ? #require(call["index"]?.intValue) : place
                if let id = call["id"]?.text {
                    try #require(number == said.calls.count)
                    #expect(call["type"] == "function")
                    said.calls.append((id, call["function"]?["name"]?.stringValue ?? "", ""))
                }
                said.calls[number].arguments += call["function"]?["arguments"]?.stringValue ?? ""
            }
        }
        return said
    }

    @Test(arguments: NativeCalls.all, [true, false])
    func `calls are whole, each with an id of its own`(_ native: NativeCalls, _ isStream: Bool) throws {
        let answer = try answer(native, isStream: isStream, .tools)
        let said = try said(answer, isStream: isStream)

        #expect(said.calls.map { "\($0.name) \($0.arguments)" } == native.calls)
        #expect(Set(said.calls.map(\.id)).count == native.calls.count)
        #expect(said.reasons == ["tool_calls"])
        #expect(answer.end?.finishReason == "tool_calls")
        #expect(said.old.isEmpty)
    }

    @Test(arguments: NativeCalls.all, [true, false])
    func `a request in the old style is answered in it`(_ native: NativeCalls, _ isStream: Bool) throws {
        let said = try said(try answer(native, isStream: isStream, .function), isStream: isStream)

        #expect(said.calls.isEmpty)
        #expect(said.old == native.calls[0])
        #expect(said.reasons == ["function_call"])
    }

    @Test func `DashScope's stream of two answers is cut after one`() throws {
        func choice(_ index: Int, _ finish: String) -> String {
            let choice = #"{"index":\#(index),"message":{"content":"a"},"finish_reason":"\#(finish)"}"#
            return #"data:{"output":{"choices":[\#(choice)]}}"# + "\n\n"
        }
        var shape = ResponseContext(isStream: true, contentType: nil, model: "m")
        for (n, isWhole) in [(1, true), (2, false)] {
            shape.choices = n
            let answer = DecodedAnswer(Array(choice(0, "stop").utf8), cuts: [], DashScopeAdapter.decoder(shape))
            #expect((answer.end != nil) == isWhole)
            #expect(answer.failure == (isWhole ? nil : .endedEarly))
        }
        let both = choice(0, "stop") + choice(1, "null") + choice(1, "stop")
        #expect(DecodedAnswer(Array(both.utf8), cuts: [], DashScopeAdapter.decoder(shape)).end != nil)
    }

    @Test(arguments: [true, false])
    func `the sandbox answers in the style that it is asked in`(_ isStream: Bool) throws {
        let body =
            #"{"model":"m","stream":\#(isStream),"functions":[{"name":"f"}],"function_call":{"name":"f"},"messages":[{"role":"user","content":"hi"}]}"#
        let chat = try ChatRequest(decoding: Array(body.utf8))
        let script = SandboxScript(chat, model: "sandbox", attempt: 1, id: "chatcmpl-1", created: 7)
        guard case .answer(let end) = script.ending else { throw JobFailure.endedEarly }
        let texts = isStream ? script.steps.map(\.delta.json) : [end.body]

        let text = texts.map { String(decoding: $0, as: UTF8.self) }.joined()
        #expect(text.contains(#""function_call":{"name":"f","#))
        #expect(text.contains(#""finish_reason":"function_call""#))
        #expect(!text.contains("tool_calls"))
        #expect(end.finishReason == "function_call")
    }
}

/// A decoder of any platform, as `DecodedAnswer` takes it.
private struct AnyDecoder: ResponseDecoder {
    private var decoder: any ResponseDecoder

    init(_ decoder: any ResponseDecoder) { self.decoder = decoder }

    var form: AnswerForm? { decoder.form }
    var isComplete: Bool { decoder.isComplete }
    var usage: TokenUsage? { decoder.usage }
    mutating func feed(_ bytes: [UInt8]) -> [ChatDelta] { decoder.feed(bytes) }
    mutating func finish() throws(JobFailure) -> ChatCompletionEnd { try decoder.finish() }
}
