/// Translates the reasoning options to DashScope's `enable_thinking` and `thinking_budget`.
///
/// In: the options, the model, and the rest of the request. Out: the two parameters, each `nil` where it is not needed,
/// and whether such an answer only comes as a stream. Fails with `unsupportedParameter` for what the platform refuses
/// while a model thinks.
import Shared

struct DashScopeThinking: Sendable, Equatable {
    private(set) var isOn: Bool?
    private(set) var budget: Int?
    /// The platform gives this answer as a stream only, whatever the caller asked for.
    let mustStream: Bool

    init(_ chat: ChatRequest, model: String) throws(JobFailure) {
        let options = try ReasoningOptions(chat)
        let model = DashScopeModel(model)
        if options.isOn == false, model.alwaysThinks {
            throw DashScopeCheck.fields.refusal(Self.field(chat), "this model always thinks")
        }
        let thinks = options.isOn == true || model.alwaysThinks
        if thinks { try Self.checkThinking(chat, model) }
        if !model.alwaysThinks {
            isOn = options.isOn ?? (Self.mustNotThink(chat, model) ? false : nil)
        }
        mustStream = model.onlyStreams || model.onlyStreamsThinking && (isOn ?? model.thinksByDefault)
        guard isOn != false else { return }
        budget = options.budget ?? (model.isReasoner ? nil : options.effort.flatMap(Self.budget))
    }

    /// The budget for an effort.
    ///
    /// The two highest efforts send none. The platform's default is the model's own limit, and a budget above it is
    /// refused (30,720 tokens at the smallest models, below the shared table's 32k).
    private static func budget(_ effort: ReasoningOptions.Effort) -> Int? {
        switch effort {
        case .minimal, .low, .medium, .high: effort.tokens
        case .xhigh, .max: nil
        }
    }

    private static func checkThinking(_ chat: ChatRequest, _ model: DashScopeModel) throws(JobFailure) {
        if chat.n > 1 { throw DashScopeCheck.fields.refusal("n", "a model that thinks gives one answer") }
        if chat.responseFormat != nil {
            throw DashScopeCheck.fields.refusal("response_format", "JSON mode works only without thinking")
        }
        if case .named = chat.toolChoice {
            throw DashScopeCheck.fields.refusal("tool_choice", "a model that thinks chooses its tools itself")
        }
    }

    /// True when the request needs something that the model's default thinking rules out, and does not ask for
    /// thinking.
    private static func mustNotThink(_ chat: ChatRequest, _ model: DashScopeModel) -> Bool {
        guard model.thinksByDefault else { return false }
        if chat.n > 1 { return true }
        if case .named = chat.toolChoice { return true }
        return chat.responseFormat != nil
    }

    /// The field that held the options, for error texts.
    private static func field(_ chat: ChatRequest) -> String {
        ReasoningOptions.fields.first { chat.body[$0].map { $0 != .null } ?? false } ?? "enable_thinking"
    }
}
