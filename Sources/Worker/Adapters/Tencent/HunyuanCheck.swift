/// Refuses what Hunyuan's native API cannot do, before any call is paid.
///
/// In: the request and the platform's id of the model. Out: nothing, or `unsupportedParameter` naming the field. The
/// API has no token limit, no JSON mode, no penalties and one answer only.
import Shared

enum HunyuanCheck {
    /// Our field (the spelling of Hunyuan's OpenAI-compatible endpoint) and the platform's.
    ///
    /// Only those whose effect reaches the caller.
    static let extras: [(field: String, name: String)] = [
        ("enable_enhancement", "EnableEnhancement"), ("force_search_enhancement", "ForceSearchEnhancement"),
        ("enable_speed_search", "EnableSpeedSearch"), ("citation", "Citation"), ("search_info", "SearchInfo"),
        ("stream_moderation", "StreamModeration"), ("topic_choice", "TopicChoice"),
    ]

    static let fields = FieldCheck(
        platform: "Tencent Hunyuan",
        known: Set(extras.map(\.field)).union([
            "seed", "stop", "temperature", "tool_choice", "tools", "top_p",
        ]))

    private static let limits = PlatformLimits(
        platform: "Tencent Hunyuan", stops: 16, formats: ["text"], choices: ["none", "auto"],
        moved: PlatformLimits.instructions)

    static func check(_ chat: ChatRequest, model: String) throws(JobFailure) {
        try fields.check(chat)
        try limits.check(chat)
        try checkTools(chat)
        _ = try thinking(chat, model: model)
        try HunyuanMessages(chat.spokenMessages).check(fields)
    }

    private static func checkTools(_ chat: ChatRequest) throws(JobFailure) {
        for (index, tool) in (chat.body["tools"]?.arrayValue ?? []).enumerated() {
            guard tool["type"]?.stringValue == "function" else { throw fields.refusal("tools[\(index)].type") }
            guard tool["function"]?["strict"]?.boolValue != true else {
                throw fields.refusal("tools[\(index)].function.strict", "arguments are not held to a schema")
            }
        }
    }

    /// The value of `EnableThinking`.
    ///
    /// `nil` leaves it out.
    ///
    /// Only a13b can be switched. t1 always thinks, the others never do. An effort means no more than "on" here.
    static func thinking(_ chat: ChatRequest, model: String) throws(JobFailure) -> Bool? {
        let options = try ReasoningOptions(chat)
        let field = ReasoningOptions.fields.first { chat.body[$0].map { $0 != .null } ?? false } ?? "reasoning_effort"
        if options.budget != nil { throw fields.refusal(field, "thinking has no budget") }
        let model = model.lowercased()
        if model.range(ofLiteral: "a13b") != nil { return options.isOn }
        let alwaysThinks = model.range(ofLiteral: "hunyuan-t1") != nil
        if let isOn = options.isOn, isOn != alwaysThinks {
            throw fields.refusal(field, alwaysThinks ? "this model always thinks" : "this model does not think")
        }
        return nil
    }
}
