/// Refuses what DashScope cannot do, before any call is paid.
///
/// In: the request, the model and the account's settings. Out: nothing, or `unsupportedParameter` naming field and
/// platform. Fails with `authentication` for an unknown value of a setting.
import Shared

enum DashScopeCheck {
    /// Fields that OpenAI does not have go into `parameters` as they are (`top_k`, `repetition_penalty`,
    /// `enable_search`, `search_options`, `vl_high_resolution_images`, …), since the platform adds some every month.
    static let fields = FieldCheck(
        platform: "DashScope",
        known: [
            "logprobs", "max_completion_tokens", "max_tokens", "n",
            "parallel_tool_calls", "presence_penalty", "response_format", "seed", "stop", "temperature", "tool_choice",
            "tools", "top_logprobs", "top_p",
        ],
        passesExtras: true)

    static let limits = PlatformLimits(
        platform: "DashScope", ranges: PlatformLimits.usualRanges.merging(["top_logprobs": 0...5]) { $1 }, stops: 16,
        choices: ["none", "auto"])

    private static let maxChoices = 4

    static func check(_ chat: ChatRequest, model: String, settings: [String: String]) throws(JobFailure) {
        try fields.check(chat)
        try limits.check(chat)
        try checkChoices(chat)
        try checkTools(chat)
        if case .jsonSchema = chat.responseFormat, !DashScopeModel(model).followsSchema {
            throw fields.refusal("response_format.type", "this model knows json_object, but does not hold to a schema")
        }
        _ = try DashScopeThinking(chat, model: model)
        let endpoint = try endpoint(chat, model: model, settings: settings)
        for message in chat.spokenMessages { try check(message, endpoint) }
    }

    /// The account's setting `endpoint` (`text` or `multimodal`).
    ///
    /// Without it the images and the model decide.
    static func endpoint(
        _ chat: ChatRequest, model: String, settings: [String: String]
    ) throws(JobFailure) -> DashScopeModel.Endpoint {
        if let setting = settings["endpoint"], !setting.isEmpty {
            guard let endpoint = DashScopeModel.Endpoint(rawValue: setting) else {
                throw JobFailure(.authentication, "The account's setting 'endpoint' must be 'text' or 'multimodal'.")
            }
            return endpoint
        }
        return chat.neededBy[.vision] != nil ? .multimodal : DashScopeModel(model).endpoint
    }

    /// With tools the platform answers once, whatever `n` says.
    static func checkChoices(_ chat: ChatRequest) throws(JobFailure) {
        guard chat.n > 1 else { return }
        guard chat.n <= maxChoices else { throw fields.refusal("n", "at most \(maxChoices) answers of one request") }
        guard chat.functions.isEmpty else { throw fields.refusal("n", "one answer of a request with tools") }
    }

    static func checkTools(_ chat: ChatRequest) throws(JobFailure) {
        for (index, tool) in (chat.body["tools"]?.arrayValue ?? []).enumerated() {
            guard tool["type"]?.stringValue == "function" else { throw fields.refusal("tools[\(index)].type") }
        }
    }

    private static func check(_ message: ChatMessage, _ endpoint: DashScopeModel.Endpoint) throws(JobFailure) {
        for (position, part) in message.parts.enumerated() {
            let path = "\(message.contentPath)[\(position)]"
            switch part {
            case .text: continue
            case .image where endpoint == .text:
                throw fields.refusal(path, "the account's endpoint takes only text")
            case .image where message.role != .user:
                throw fields.refusal(path, "only user messages hold images")
            case .image: continue
            case .other(let type): throw fields.refusal(path, "parts of type \(SafeText.code(type) ?? "unknown")")
            }
        }
    }
}
