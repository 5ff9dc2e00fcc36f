/// What a request says about thinking, whichever platform's words it uses.
///
/// `reasoning_effort` (OpenAI), `thinking: {type, budget_tokens}` (Anthropic, Zhipu, TokenHub) and `enable_thinking` with
/// `thinking_budget` (Qwen, ERNIE) all mean the same, so a program may change its model without changing its request.
/// Each adapter writes the wish in its platform's words. `reasoning_effort` wins over the others about on and off.
import Shared

struct ReasoningOptions: Sendable, Equatable {
    enum Effort: String, Sendable, CaseIterable {
        case minimal, low, medium, high, xhigh, max

        /// For platforms that take a budget instead.
        ///
        /// Chosen: what the levels spend at the platforms that have both
        /// (Anthropic's 1,024 is the least it takes; 32k is where answers stop improving by more thought).
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

    /// `nil`: as the model does by itself.
    var isOn: Bool?
    var effort: Effort?
    /// Tokens of thinking at most.
    var budget: Int?

    /// The fields that are read here; an adapter writes none of them as they came.
    static let fields = ["reasoning_effort", "thinking", "enable_thinking", "thinking_budget"]

    init(isOn: Bool? = nil, effort: Effort? = nil, budget: Int? = nil) {
        self.isOn = isOn
        self.effort = effort
        self.budget = budget
    }

    /// Fails with `invalidRequest` for a value that nobody understands.
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
