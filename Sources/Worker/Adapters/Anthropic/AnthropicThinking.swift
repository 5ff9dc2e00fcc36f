/// Translates the reasoning options to Anthropic's `thinking` and `output_config.effort`.
///
/// In: the options, the model, and the rest of the request. Out: the two fields, each `nil` where it is not needed.
/// Fails with `unsupportedParameter` for what the model cannot do, or cannot do while it thinks.
import Shared

struct AnthropicThinking: Sendable, Equatable {
    enum Mode: Sendable, Equatable {
        /// Sends nothing, which leaves the model's default.
        case silent
        case off
        case budget
        case adaptive
    }

    /// The least that the platform takes.
    static let minBudget = 1_024

    let mode: Mode
    private let options: ReasoningOptions
    private let model: ClaudeModel
    /// The caller's own `thinking.display`.
    private let display: JSON?

    init(_ chat: ChatRequest, _ model: ClaudeModel) throws(JobFailure) {
        options = try ReasoningOptions(chat)
        self.model = model
        display = chat.body["thinking"]?["display"]
        let field = ReasoningOptions.fields.first { chat.body[$0].map { $0 != .null } ?? false } ?? "thinking"
        if options.isOn == true, model.thinking == .none {
            throw AnthropicCheck.fields.refusal(field, "this model does not think")
        }
        if options.isOn == false, model.thinking == .always {
            throw AnthropicCheck.fields.refusal(field, "this model always thinks")
        }
        let isForced = Self.isForced(chat.toolChoice)
        if isForced, options.isOn == true || !model.takesForcedTools {
            throw AnthropicCheck.fields.refusal("tool_choice", "a model that thinks chooses its tools itself")
        }
        mode = Self.mode(options, model, isForced: isForced)
    }

    private static func isForced(_ choice: ToolChoice?) -> Bool {
        switch choice {
        case .required, .named: true
        default: false
        }
    }

    private static func mode(_ options: ReasoningOptions, _ model: ClaudeModel, isForced: Bool) -> Mode {
        switch options.isOn {
        case _ where model.thinking == .none: .silent
        case false: .off
        // The request forces a call, which the model's default thinking rules out, and does not ask for thinking.
        case nil: isForced && model.thinksByDefault ? .off : .silent
        case true where model.takesBudget && (options.budget != nil || model.thinking == .budget): .budget
        case true: .adaptive
        }
    }

    /// The model thinks on this request, according to the documentation.
    var isThinking: Bool {
        switch mode {
        case .silent: model.thinking != .none && model.thinksByDefault
        case .off: false
        case .budget, .adaptive: true
        }
    }

    /// The tokens reserved for thinking where the caller set no limit at all.
    var room: Int {
        guard isThinking else { return 0 }
        return mode == .budget ? wantedBudget : (options.effort ?? .high).tokens
    }

    private var wantedBudget: Int { max(Self.minBudget, options.budget ?? (options.effort ?? .medium).tokens) }

    /// Fails where `maxTokens` has no room for the least budget.
    func json(maxTokens: Int) throws(JobFailure) -> JSONObject? {
        var json: JSONObject
        switch mode {
        case .silent: return nil
        case .off: return ["type": "disabled"]
        case .budget: json = ["type": "enabled", "budget_tokens": .int(try budget(maxTokens: maxTokens))]
        case .adaptive: json = ["type": "adaptive"]
        }
        // A caller that asks for reasoning wants to read it.
        if let display = display ?? (model.hidesThinking ? "summarized" : nil) { json.set("display", display) }
        return json
    }

    /// The budget within `maxTokens`.
    ///
    /// The caller's own budget may leave one token for the answer. An effort leaves it the default limit, or half of a
    /// lower one.
    private func budget(maxTokens: Int) throws(JobFailure) -> Int {
        guard maxTokens > Self.minBudget else {
            throw AnthropicCheck.fields.refusal("max_tokens", "thinking alone takes \(Self.minBudget) tokens of it")
        }
        let answer = options.budget != nil ? 1 : min(AnthropicRequest.defaultMaxTokens, maxTokens / 2)
        return min(wantedBudget, max(Self.minBudget, maxTokens - answer))
    }

    /// `output_config.effort`.
    ///
    /// Models that take no budget get the level that spends about as much, as the platform's migration guide says.
    var effort: String? {
        guard model.thinking == .adaptive || model.thinking == .always, mode != .off else { return nil }
        if let effort = options.effort {
            switch effort {
            case .minimal: return "low"
            case .xhigh where !model.takesXHigh: return "max"
            default: return effort.rawValue
            }
        }
        guard mode != .budget, isThinking, let budget = options.budget else { return nil }
        let levels: [ReasoningOptions.Effort] = [.low, .medium]
        return (levels.first { budget <= $0.tokens } ?? .high).rawValue
    }
}
