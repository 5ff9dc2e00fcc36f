/// Reads the common part of a whole response and a stream event: `output`, `usage`, `request_id`.
import Shared

struct DashScopePayload: Sendable {
    struct Choice: Sendable {
        var index: Int
        /// `nil` where the message has none, and empty where the message says so.
        var content: String?
        var reasoning: String
        var calls: [CallPiece]
        var logprobs: JSON?
        /// In OpenAI's words, `nil` while the answer goes on, which the platform writes as the string "null".
        var finishReason: String?
    }

    private(set) var choices: [Choice]
    private(set) var usage: TokenUsage?
    private(set) var requestID: String?
    /// The results of `enable_search`, if the request asked to see them.
    private(set) var searchInfo: JSON?

    init(_ body: JSON) {
        let output = body["output"]
        choices = (output?["choices"]?.arrayValue ?? []).enumerated().map(Choice.init)
        if choices.isEmpty, let text = output?["text"]?.stringValue {
            choices = [Choice(text: text, finishReason: output?["finish_reason"])]
        }
        usage = TokenUsage(counting: body["usage"])
        requestID = body["request_id"]?.stringValue
        searchInfo = output?["search_info"].flatMap { $0.objectValue == nil ? nil : $0 }
    }
}

extension DashScopePayload.Choice {
    fileprivate init(_ position: Int, _ json: JSON) {
        let message = json["message"]
        index = json["index"]?.intValue ?? position
        content = Self.text(message?["content"])
        reasoning = Self.text(message?["reasoning_content"]) ?? ""
        calls = (message?["tool_calls"]?.arrayValue ?? []).compactMap(\.objectValue).map(CallPiece.init(openAI:))
        logprobs = json["logprobs"].flatMap { $0.objectValue == nil ? nil : OpenAILogprobs.mended($0) }
        finishReason = Self.reason(json["finish_reason"])
    }

    /// `result_format: "text"`, which we never ask for.
    fileprivate init(text: String, finishReason: JSON?) {
        self.init(
            index: 0, content: text, reasoning: "", calls: [], logprobs: nil, finishReason: Self.reason(finishReason))
    }

    /// A string, or the multimodal endpoint's `[{"text":…}]`.
    private static func text(_ value: JSON?) -> String? {
        switch value {
        case .string(let text): text
        case .array(let parts): parts.reduce(into: "") { $0 += $1["text"]?.stringValue ?? "" }
        default: nil
        }
    }

    private static func reason(_ value: JSON?) -> String? {
        switch value?.stringValue {
        case nil, "", "null": nil
        case "length": "length"
        case "tool_calls": "tool_calls"
        case "content_filter": "content_filter"
        default: "stop"
        }
    }
}
