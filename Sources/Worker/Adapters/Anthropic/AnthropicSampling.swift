/// Sends `temperature`, `top_p` and `top_k` where the model and the API version take them.
///
/// In: the request, the model, the API version, and whether the model thinks. Out: the fields to send. Elsewhere the
/// platform refuses the first two even at their defaults, so they are left out, and the caller is told which
/// (`dropped`). A program that sets them for other models runs on this one as it is.
import Shared

struct AnthropicSampling {
    /// This API version and later ones refuse all three.
    static let refusingVersion = "2026-10-21"
    /// This model (Opus 4.1) and later ones take only one of the first two.
    private static let takesOneFrom = 401
    /// The least `top_p` while a model thinks.
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

    /// The fields that ask for something and are left out.
    func dropped(isThinking: Bool) -> [String] {
        var wanted: [String] = []
        if let temperature, temperature < 1 { wanted.append("temperature") }
        if let topP, topP < 1 { wanted.append("top_p") }
        if topK != nil { wanted.append("top_k") }
        var sent = JSONObject()
        write(to: &sent, isThinking: isThinking)
        return wanted.filter { sent[$0] == nil }
    }

    func write(to body: inout JSONObject, isThinking: Bool) {
        guard isTaken else { return }
        if let topK, !isThinking { body.set("top_k", topK) }
        if let temperature, temperature < 1, !isThinking {
            body.set("temperature", Self.number(temperature))
            if model.version >= Self.takesOneFrom { return }
        }
        guard let topP, topP < 1, !isThinking || topP >= Self.leastWhileThinking else { return }
        body.set("top_p", Self.number(topP))
    }

    private static func number(_ value: Double) -> JSON { JSONNumber(value).map(JSON.number) ?? .null }
}
