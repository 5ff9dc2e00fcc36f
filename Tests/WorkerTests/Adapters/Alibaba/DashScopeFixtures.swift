import Shared
import Testing

@testable import Worker

/// Answers of DashScope as they are on the wire (docs/platforms.md), for golden tests.
enum DashScopeFixtures {
    static let completion = #"""
        {"request_id":"902fee3b-1","output":{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"你好 🙂",
         "reasoning_content":"想","tool_calls":[]}}]},"usage":{"input_tokens":20,"output_tokens":5,"total_tokens":25,
         "output_tokens_details":{"reasoning_tokens":2},"prompt_tokens_details":{"cached_tokens":8}}}
        """#

    /// One event.
    ///
    /// `message` are members of the message.
    static func event(
        _ message: String, finish: String = #""null""#, output: Int = 1, index: String = "", lineEnd: String = "\n"
    ) -> String {
        let json =
            #"{"output":{"choices":[{\#(index)"message":{"role":"assistant",\#(message)},"finish_reason":\#(finish)}]},"#
            + #""usage":{"input_tokens":9,"output_tokens":\#(output),"total_tokens":\#(9 + output)},"request_id":"r-1"}"#
        return "id:\(output)\(lineEnd)event:result\(lineEnd):HTTP_STATUS/200\(lineEnd)data:\(json)\(lineEnd)\(lineEnd)"
    }

    static func error(_ code: String, _ message: String, status: Int = 400) -> String {
        "id:9\nevent:error\n:HTTP_STATUS/\(status)\n"
            + #"data:{"code":"\#(code)","message":"\#(message)","request_id":"r-1"}"# + "\n\n"
    }

    static let textStream = textStream(lineEnd: "\n")

    static func textStream(lineEnd: String) -> [UInt8] {
        bytes(
            event(#""content":"你""#, output: 1, lineEnd: lineEnd),
            event(#""content":"好 🙂""#, output: 2, lineEnd: lineEnd),
            event(#""content":" e\u0301""#, output: 3, lineEnd: lineEnd),
            event(#""content":"""#, finish: #""stop""#, output: 4, lineEnd: lineEnd))
    }

    static let toolStream = bytes(
        event(
            #""content":"","tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"get_weather","arguments":""}}]"#
        ),
        event(
            ##""content":"","tool_calls":[{"index":0,"id":"","type":"function","function":{"name":"","arguments":"{\"city\":"}}]"##
        ),
        event(
            ##""content":"","tool_calls":[{"index":0,"id":"","type":"function","function":{"arguments":"\"北京\"}"}}]"##),
        event(
            ##""content":"","tool_calls":[{"index":1,"id":"call_2","type":"function","function":{"name":"now","arguments":"{}"}}]"##
        ),
        event(
            #""content":"","tool_calls":[{"index":1,"id":"","type":"function","function":{"name":"","arguments":""}}]"#,
            finish: #""tool_calls""#, output: 12))

    static let reasoningStream = bytes(
        event(#""content":"","reasoning_content":"想""#), event(#""content":"","reasoning_content":"一想""#),
        event(#""content":"好","reasoning_content":"""#),
        event(#""content":"","reasoning_content":"""#, finish: #""stop""#))

    static let multimodalStream = bytes(
        event(#""content":[{"text":"一只"}]"#), event(#""content":[{"text":"狗"},{"text":"。"}]"#),
        event(#""content":[]"#, finish: #""stop""#, output: 6))

    static func bytes(_ events: String...) -> [UInt8] { Array(events.joined().utf8) }

    /// Events whose content is `pieces`, and whose last one finishes.
    static func pieces(_ pieces: [String], field: String = "content") -> [UInt8] {
        let events = pieces.enumerated().map { index, piece in
            event(
                #""\#(field)":\#(String(decoding: JSON.string(piece).encoded, as: UTF8.self))"#,
                finish: index == pieces.count - 1 ? #""stop""# : #""null""#, output: index + 1)
        }
        return Array(events.joined().utf8)
    }
}

/// The decoder's result for some bytes.
func dashScopeOutcome(
    _ bytes: [UInt8], cuts: [Int] = [], isStream: Bool = true, contentType: String? = "text/event-stream",
    maxEventBytes: Int = SSEDecoder.defaultMaxEventBytes
) -> DecodedAnswer {
    var shape = ResponseContext(
        isStream: isStream, contentType: contentType, model: "qwen-plus", now: 1_795_380_000_123)
    shape.calls.functions = ["get_weather", "now"]
    return DecodedAnswer(bytes, cuts: cuts, DashScopeAdapter.decoder(shape, maxEventBytes: maxEventBytes))
}
