/// Reads a native response, whole or one event of a stream: `{Choices, Usage, Id, Created, SearchInfo}`.
///
/// Whole responses stand below `Response` and have `Message`. Events stand alone and have `Delta`.
import Shared

struct HunyuanPayload: Sendable {
    struct Choice: Sendable {
        var index: Int
        var content: String
        var reasoning: String
        var calls: [CallPiece]
        /// In OpenAI's words, `nil` until the end.
        var finishReason: String?
    }

    private(set) var choices: [Choice] = []
    private(set) var usage: TokenUsage?
    private(set) var id: String?
    /// Only in whole responses.
    ///
    /// Streams have it in a header.
    private(set) var requestID: String?
    /// Seconds since 1970.
    private(set) var created: Int64?
    private(set) var searchInfo: JSON?

    init(_ value: JSON) {
        let body = value["Response"] ?? value
        choices = (body["Choices"]?.arrayValue ?? []).enumerated().map(Self.choice)
        usage = TokenUsage(counting: body["Usage"])
        id = body["Id"]?.stringValue
        requestID = body["RequestId"]?.stringValue
        created = body["Created"]?.whole(in: Bounds.moment).map(Int64.init)
        if case .object? = body["SearchInfo"] { searchInfo = body["SearchInfo"] }
    }

    private static func choice(_ position: Int, _ choice: JSON) -> Choice {
        let message = choice["Delta"]?.objectValue ?? choice["Message"]?.objectValue ?? [:]
        let reason = choice["FinishReason"]?.stringValue ?? ""
        return Choice(
            index: choice["Index"]?.intValue ?? position, content: message["Content"]?.stringValue ?? "",
            reasoning: message["ReasoningContent"]?.stringValue ?? "",
            calls: (message["ToolCalls"]?.arrayValue ?? []).map(call),
            finishReason: reason.isEmpty ? nil : finishReason(reason))
    }

    private static func call(_ call: JSON) -> CallPiece {
        CallPiece(
            index: call["Index"]?.count, id: CallPiece.text(call["Id"]),
            name: CallPiece.text(call["Function"]?["Name"]), arguments: CallPiece.text(call["Function"]?["Arguments"]))
    }

    private static func finishReason(_ reason: String) -> String {
        switch reason {
        case "sensitive", "content_filter": "content_filter"
        case "tool_calls", "length": reason
        default: "stop"
        }
    }
}
