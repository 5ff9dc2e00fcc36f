import Shared
import Testing

@testable import Worker

/// Answers of Anthropic as they are on the wire (docs/platforms.md), for golden tests.
enum AnthropicFixtures {
    static let message = #"""
        {"id":"msg_01","type":"message","role":"assistant","model":"claude-haiku-5-5","content":[
         {"type":"thinking","thinking":"想一想","signature":"Eq1"},{"type":"redacted_thinking","data":"b64"},
         {"type":"text","text":"你好 "},{"type":"text","text":"🙂"},
         {"type":"tool_use","id":"toolu_01","name":"get_weather","input":{"city":"北京"}}],
         "stop_reason":"tool_use","stop_sequence":null,"stop_details":null,"usage":{"input_tokens":12,
         "cache_creation_input_tokens":3,"cache_read_input_tokens":5,"output_tokens":30,
         "output_tokens_details":{"thinking_tokens":7},"service_tier":"standard"}}
        """#

    static func event(_ json: String, lineEnd: String = "\n") -> String {
        let type = (try? JSON(parsing: Array(json.utf8)))?["type"]?.stringValue ?? ""
        return "event: \(type)\(lineEnd)data: \(json)\(lineEnd)\(lineEnd)"
    }

    static func stream(_ events: [String], lineEnd: String = "\n") -> [UInt8] {
        Array(events.map { event($0, lineEnd: lineEnd) }.joined().utf8)
    }

    static let start =
        #"{"type":"message_start","message":{"id":"msg_01","type":"message","role":"assistant","content":[],"#
        + #""model":"claude-haiku-5-5","stop_reason":null,"usage":{"input_tokens":9,"cache_creation_input_tokens":2,"#
        + #""cache_read_input_tokens":4,"output_tokens":1}}}"#
    static let stop = #"{"type":"message_stop"}"#

    static func open(_ index: Int, _ block: String) -> String {
        #"{"type":"content_block_start","index":\#(index),"content_block":\#(block)}"#
    }
    static func delta(_ index: Int, _ delta: String) -> String {
        #"{"type":"content_block_delta","index":\#(index),"delta":\#(delta)}"#
    }
    static func text(_ index: Int, _ text: String) -> String {
        delta(index, #"{"type":"text_delta","text":"\#(text)"}"#)
    }
    static func close(_ index: Int) -> String { #"{"type":"content_block_stop","index":\#(index)}"# }
    static func end(_ reason: String, output: Int = 15) -> String {
        #"{"type":"message_delta","delta":{"stop_reason":"\#(reason)","stop_sequence":null},"#
            + #""usage":{"output_tokens":\#(output)}}"#
    }

    static let textEvents = [
        start, open(0, #"{"type":"text","text":""}"#), #"{"type":"ping"}"#, text(0, "你"), text(0, "好 🙂"),
        #"{"type":"newer_than_us","x":[1]}"#, delta(0, #"{"type":"citations_delta","citation":{}}"#),
        text(0, " e\u{301}"), close(0), end("end_turn"), stop,
    ]

    static let toolEvents = [
        start, open(0, #"{"type":"tool_use","id":"toolu_1","name":"get_weather","input":{}}"#),
        delta(0, #"{"type":"input_json_delta","partial_json":""}"#),
        delta(0, ##"{"type":"input_json_delta","partial_json":"{\"city\":"}"##),
        delta(0, ##"{"type":"input_json_delta","partial_json":"\"北京\"}"}"##), close(0),
        open(1, #"{"type":"tool_use","id":"toolu_2","name":"now","input":{}}"#),
        delta(1, #"{"type":"input_json_delta","partial_json":""}"#), close(1), end("tool_use"), stop,
    ]

    static let thinkingEvents = [
        start, open(0, #"{"type":"thinking","thinking":"","signature":""}"#),
        delta(0, #"{"type":"thinking_delta","thinking":"想"}"#), delta(0, #"{"type":"thinking_delta","thinking":"🤔"}"#),
        delta(0, #"{"type":"signature_delta","signature":"EqA="}"#), close(0),
        open(1, #"{"type":"redacted_thinking","data":"b64"}"#), close(1),
        open(2, #"{"type":"text","text":""}"#), text(2, "好"), close(2), end("end_turn"), stop,
    ]
}

/// The decoder's result for some bytes.
func anthropicOutcome(
    _ bytes: [UInt8], cuts: [Int] = [], isStream: Bool = true, contentType: String? = "text/event-stream",
    requestID: String? = nil, maxEventBytes: Int = SSEDecoder.defaultMaxEventBytes
) -> DecodedAnswer {
    let shape = ResponseContext(
        isStream: isStream, contentType: contentType, model: "claude-haiku-5-5", now: 1_795_380_000_123,
        headers: { $0 == "request-id" ? requestID : nil })
    return DecodedAnswer(bytes, cuts: cuts, AnthropicAdapter.decoder(shape, maxEventBytes: maxEventBytes))
}
