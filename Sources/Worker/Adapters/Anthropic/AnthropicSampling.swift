/// `temperature`, `top_p` and `top_k`: sent where the model and the API version take them.
///
/// In: the request, the model, the API version, whether it thinks. Out: the fields as they are sent. Elsewhere the
/// platform refuses the first two even at their defaults, so they are left out (providers/anthropic.md: "otherwise drop"):
/// a program that sets them for other platforms runs on Claude as it is. `top_k` is Anthropic's own: who sets it means
/// it, and is told (`check`).
import Shared

struct AnthropicSampling {
    /// From this API version on all three are refused.
    static let refusingVersion = "2026-10-21"
    /// From this model on (Opus 4.1) only one of the first two is taken.
    private static let takesOneFrom = 401
    /// Of `top_p`, while a model thinks.
    private static let leastWhileThinking = 0.95

    private let temperature: Double?
    private let topP: Double?
    private let topK: JSON?
    private let model: ClaudeModel
    private let isTaken: Bool

    init(_ chat: ChatRequest, _ model: ClaudeModel, version: String) {
        // OpenAI's range ends at 2, this one at 1.
        temperature = chat.body["temperature"]?.doubleValue.map { min($0, 1) }
        topP = chat.body["top_p"]?.doubleValue
        topK = chat.body["top_k"].flatMap { $0 == .null ? nil : $0 }
        self.model = model
        // Versions are dates.
        isTaken = model.takesSampling && version < Self.refusingVersion
    }

    func check(isThinking: Bool) throws(JobFailure) {
        guard topK != nil else { return }
        if !isTaken { throw AnthropicCheck.fields.refusal("top_k", "this model does not take it") }
        if isThinking { throw AnthropicCheck.fields.refusal("top_k", "a model that thinks does not take it") }
    }

    func write(to body: inout JSONObject, isThinking: Bool) {
        guard isTaken else { return }
        if let topK { body.set("top_k", topK) }
        if let temperature, temperature < 1, !isThinking {
            body.set("temperature", Self.number(temperature))
            if model.version >= Self.takesOneFrom { return }
        }
        guard let topP, topP < 1, !isThinking || topP >= Self.leastWhileThinking else { return }
        body.set("top_p", Self.number(topP))
    }

    private static func number(_ value: Double) -> JSON { JSONNumber(value).map(JSON.number) ?? .null }
}
