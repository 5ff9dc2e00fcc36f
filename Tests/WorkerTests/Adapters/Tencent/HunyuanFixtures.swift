import Shared
import Testing

@testable import Worker

/// Requests and answers of Hunyuan's native API as they are on the wire (docs/platforms.md).
enum HunyuanFixtures {
    static let now: Int64 = 1_763_856_000_123

    static func target(
        _ model: String = "hunyuan-turbos-latest", key: String = "AKIDEXAMPLE0001:tc-example-secret-key-0001",
        baseURL: String? = nil, settings: [String: String] = [:]
    ) -> Target {
        Target(
            model: model, account: AccountView(credential: Credential(key), baseURL: baseURL, settings: settings),
            now: now)
    }

    /// A checked request.
    ///
    /// `fields` are members beside `model`.
    static func chat(_ fields: String) throws -> ChatRequest {
        try ChatRequest(decoding: Array(#"{"model":"hy",\#(fields)}"#.utf8))
    }

    /// The body that goes out for it.
    static func body(_ fields: String, model: String = "hunyuan-turbos-latest") throws -> String {
        let chat = try chat(fields)
        try HunyuanAdapter().check(chat, model: model, settings: [:])
        return String(decoding: try HunyuanAdapter().makeRequest(chat, target(model)).body, as: UTF8.self)
    }

    static func refusal(_ fields: String, model: String = "hunyuan-turbos-latest") throws -> JobFailure? {
        let chat = try chat(fields)
        do throws(JobFailure) {
            try HunyuanAdapter().check(chat, model: model, settings: [:])
            return nil
        } catch {
            return error
        }
    }

    static let user = #""messages":[{"role":"user","content":"你好"}]"#

    // MARK: - Answers

    static let completion = #"""
        {"Response":{"RequestId":"req-1","Note":"以上内容为AI生成","Choices":[{"Index":0,"Message":{"Role":"assistant",
         "Content":"你好 🙂","ReasoningContent":"想"},"FinishReason":"stop"}],"Created":1795380000,"Id":"id-1",
         "ErrorMsg":null,"Usage":{"PromptTokens":3,"CompletionTokens":2,"TotalTokens":5,
         "PromptTokensDetails":{"CachedTokens":1}}}}
        """#

    static func error(_ code: String, _ message: String = "why") -> String {
        #"{"Response":{"Error":{"Code":"\#(code)","Message":"\#(message)"},"RequestId":"req-1"}}"#
    }

    /// One event.
    ///
    /// `delta` are members of the delta.
    static func event(_ delta: String, finish: String = "", output: Int = 1, lineEnd: String = "\n") -> String {
        let json =
            #"{"Id":"id-1","Note":"n","Created":1,"Choices":[{"Index":0,"Delta":{"Role":"assistant",\#(delta)},"#
            + #""FinishReason":"\#(finish)"}],"Usage":{"PromptTokens":9,"CompletionTokens":\#(output),"#
            + #""TotalTokens":\#(9 + output)}}"#
        return "data: \(json)\(lineEnd)\(lineEnd)"
    }

    static func content(_ text: String) -> String {
        #""Content":\#(String(decoding: JSON.string(text).encoded, as: UTF8.self))"#
    }

    static func textStream(lineEnd: String = "\n") -> [UInt8] {
        bytes(
            event(content("你"), output: 1, lineEnd: lineEnd), ": ping\(lineEnd)",
            event(content("好 🙂"), output: 2, lineEnd: lineEnd),
            event(content(""), finish: "stop", output: 4, lineEnd: lineEnd))
    }

    static let toolStream = bytes(
        event(
            #""Content":"","ToolCalls":[{"Id":"call_1","Type":"function","Function":{"Name":"get_weather","Arguments":""},"Index":0}]"#
        ),
        event(
            ##""Content":"","ToolCalls":[{"Id":"call_1","Type":"function","Function":{"Name":"","Arguments":"{\"city\":"},"Index":0}]"##
        ),
        event(
            ##""Content":"","ToolCalls":[{"Id":"call_1","Type":"function","Function":{"Name":"get_weather","Arguments":"\"北京\"}"},"Index":0}]"##
        ),
        event(
            ##""Content":"","ToolCalls":[{"Id":"call_2","Type":"function","Function":{"Name":"now","Arguments":"{}"},"Index":0}]"##
        ),
        event(#""Content":"""#, finish: "tool_calls", output: 12))

    static let reasoningStream = bytes(
        event(#""Content":"","ReasoningContent":"想""#), event(#""Content":"","ReasoningContent":"一想""#),
        event(content("好")), event(content(""), finish: "stop", output: 3))

    static func bytes(_ events: String...) -> [UInt8] { Array(events.joined().utf8) }

    /// Events whose content is `pieces`, and a last one that finishes.
    static func pieces(_ pieces: [String], finish: String = "stop") -> [UInt8] {
        Array((pieces.map { event(content($0)) } + [event(content(""), finish: finish)]).joined().utf8)
    }
}

/// The decoder's result for some bytes.
func hunyuanOutcome(
    _ bytes: [UInt8], cuts: [Int] = [], isStream: Bool = true, contentType: String? = "text/event-stream",
    stops: [String] = [], maxEventBytes: Int = SSEDecoder.defaultMaxEventBytes
) -> DecodedAnswer {
    var shape = ResponseContext(
        isStream: isStream, contentType: contentType, model: "hunyuan-turbos-latest", stops: stops,
        now: 1_795_380_000_123,
        headers: { $0.lowercased() == "x-tc-requestid" ? "req-h" : nil })
    shape.calls.functions = ["get_weather", "now"]
    return DecodedAnswer(bytes, cuts: cuts, HunyuanAdapter.decoder(shape, maxEventBytes: maxEventBytes))
}
