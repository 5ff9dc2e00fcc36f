/// Reads the body of a v1 answer, or one event of a stream.
///
/// The call of a function comes whole and without an id. Its id is made from the answer's id, or from the request's.
import Shared

struct ErniePayload: Sendable {
    let id: String?
    /// Seconds since 1970.
    let created: Int64?
    let text: String
    let call: CallPiece?
    /// In OpenAI's words, `nil` until the end.
    let finishReason: String?
    let isEnd: Bool
    let usage: TokenUsage?

    init(_ value: JSON) {
        id = value["id"]?.stringValue
        created = value["created"]?.whole(in: Bounds.moment).map(Int64.init)
        text = value["result"]?.stringValue ?? ""
        call = Self.call(value)
        finishReason = Self.finishReason(value)
        isEnd = value["is_end"]?.boolValue ?? false
        usage = TokenUsage(counting: value["usage"])
    }

    private static func call(_ value: JSON) -> CallPiece? {
        guard let call = value["function_call"], let name = call["name"]?.text else { return nil }
        return CallPiece(
            id: value["id"]?.text.map { "call_" + $0 } ?? "", name: name, arguments: CallPiece.text(call["arguments"]))
    }

    func calls(_ context: ResponseContext) -> WholeCalls {
        WholeCalls(call.map { [$0] } ?? [], context.calls, choice: 0)
    }

    private static func finishReason(_ value: JSON) -> String? {
        switch value["finish_reason"]?.stringValue ?? "" {
        case "function_call": "tool_calls"
        case "length": "length"
        case "content_filter": "content_filter"
        case "": value["is_truncated"]?.boolValue == true ? "length" : nil
        default: value["is_truncated"]?.boolValue == true ? "length" : "stop"
        }
    }
}
