/// The platforms.
///
/// A new one is a case here; every `switch` over it then refuses to compile until it is served.
package enum Provider: String, Sendable, CaseIterable, Codable {
    case openai, anthropic, baidu, alibaba, tencent, zhipu
    /// Answers inside the worker: no network, no key.
    case sandbox

    /// The wires that the platform can be spoken to with, chosen per account; the first is the default.
    package var modes: [String] {
        switch self {
        case .anthropic, .sandbox: ["native"]
        // OpenAI's own rules for models with its names; any other server that speaks its language, nothing touched.
        case .openai: ["native", "compatible"]
        // Qianfan v2; v1 with AK and SK.
        case .baidu: ["native", "legacy"]
        // DashScope; its OpenAI-shaped twin.
        case .alibaba: ["native", "compatible"]
        // TokenHub; the API with TC3 signatures; Hunyuan's own OpenAI-shaped endpoint.
        case .tencent: ["compatible", "native", "legacy"]
        // The key as it is; a JWT signed with it.
        case .zhipu: ["native", "jwt"]
        }
    }
}
