/// `temperature`, `top_p` and `top_k`: taken by models before 4.7 with the older API version, elsewhere only unsaid.
///
/// In: the request, the model, the API version. Out: the fields as they are sent. Fails (`check`) with
/// `unsupportedParameter` for a value that cannot be sent; the default 1 is what happens anyway, and is left out.
import Shared

struct AnthropicSampling {
    /// From this API version on all three are refused.
    static let refusingVersion = "2026-10-21"
    /// From this model on (Opus 4.1) only one of the first two is taken.
    private static let takesOneFrom = 401

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
        asked = chat.body["temperature"]?.doubleValue
    }

    /// The temperature as it came.
    private let asked: Double?

    func check(isThinking: Bool) throws(JobFailure) {
        guard isTaken else {
            if let asked, asked != 1 { throw refusal("temperature", "this model takes only the default, 1") }
            if let topP, topP != 1 { throw refusal("top_p", "this model takes only the default, 1") }
            if topK != nil { throw refusal("top_k", "this model does not take it") }
            return
        }
        if let temperature, temperature < 1 {
            if isThinking { throw refusal("temperature", "a model that thinks takes only the default, 1") }
            if let topP, topP < 1, model.version >= Self.takesOneFrom {
                throw refusal("top_p", "this model takes either it or a temperature")
            }
        }
        guard isThinking else { return }
        if let topP, topP < 0.95 { throw refusal("top_p", "a model that thinks takes 0.95 to 1") }
        if topK != nil { throw refusal("top_k", "a model that thinks does not take it") }
    }

    func write(to body: inout JSONObject) {
        guard isTaken else { return }
        if let temperature, temperature < 1 { body.set("temperature", Self.number(temperature)) }
        if let topP, topP < 1 { body.set("top_p", Self.number(topP)) }
        if let topK { body.set("top_k", topK) }
    }

    private static func number(_ value: Double) -> JSON { JSONNumber(value).map(JSON.number) ?? .null }

    private func refusal(_ field: String, _ why: String) -> JobFailure { AnthropicCheck.fields.refusal(field, why) }
}
