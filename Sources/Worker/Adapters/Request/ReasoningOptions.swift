/// A request's reasoning options, in whichever platform's words they came.
///
/// `reasoning_effort` (OpenAI), `thinking: {type, budget_tokens}` (Anthropic, Zhipu, TokenHub) and `enable_thinking`
/// with `thinking_budget` (Qwen, ERNIE) all mean the same, so a program may change its model without changing its
/// request. Each adapter writes the options in its platform's words. `reasoning_effort` wins over the others about on
/// and off.
import Shared

struct ReasoningOptions: Sendable, Equatable {
    enum Effort: String, Sendable, CaseIterable {
        case minimal, low, medium, high, xhigh, max

        /// A budget for platforms that take no effort.
        ///
        /// Chosen: what the levels spend at the platforms that have both. 1,024 is the least that Anthropic takes, and
        /// at 32k more thought stops improving answers.
        var tokens: Int {
            switch self {
            case .minimal, .low: 1_024
            case .medium: 4_096
            case .high: 16_384
            case .xhigh, .max: 32_768
            }
        }

        /// For platforms that know three levels.
        var lowMediumHigh: String {
            switch self {
            case .minimal, .low: "low"
            case .medium: "medium"
            case .high, .xhigh, .max: "high"
            }
        }

        var lowHighMax: String {
            switch self {
            case .minimal, .low: "low"
            case .medium, .high: "high"
            case .xhigh, .max: "max"
            }
        }
    }

    /// `nil` is the model's default.
    var isOn: Bool?
    var effort: Effort?
    /// Most tokens of thinking.
    var budget: Int?

    /// The fields read here, which no adapter sends as they came.
    static let fields = ["reasoning_effort", "thinking", "enable_thinking", "thinking_budget"]

    init(isOn: Bool? = nil, effort: Effort? = nil, budget: Int? = nil) {
        self.isOn = isOn
        self.effort = effort
        self.budget = budget
    }

    /// Fails with `invalidRequest` for an unknown value.
    init(_ chat: ChatRequest) throws(JobFailure) {
        self.init()
        try readThinking(chat.body)
        guard let value = chat.body["reasoning_effort"], value != .null else { return }
        switch value.stringValue {
        case "none": isOn = false
        case let text?:
            guard let effort = Effort(rawValue: text) else { throw Self.wrongEffort }
            isOn = true
            self.effort = effort
        case nil: throw Self.wrongEffort
        }
    }

    var isEmpty: Bool { self == ReasoningOptions() }

    private mutating func readThinking(_ body: JSONObject) throws(JobFailure) {
        if let value = body["enable_thinking"], value != .null {
            guard let flag = value.boolValue else { throw Self.wrong("enable_thinking", "a boolean") }
            isOn = flag
        }
        budget = body["thinking_budget"]?.count
        guard let thinking = body["thinking"], thinking != .null else { return }
        switch thinking["type"]?.stringValue {
        case "enabled", "adaptive": isOn = true
        case "disabled": isOn = false
        default: throw Self.wrong("thinking.type", "one of enabled, disabled, adaptive")
        }
        budget = thinking["budget_tokens"]?.count ?? budget
    }

    private static let wrongEffort = wrong(
        "reasoning_effort", "one of none, " + Effort.allCases.map(\.rawValue).joined(separator: ", "))

    private static func wrong(_ field: String, _ expected: String) -> JobFailure {
        JobFailure(
            .invalidRequest, "Invalid value for '\(field)': expected \(expected).", param: field, code: "invalid_value")
    }
}
