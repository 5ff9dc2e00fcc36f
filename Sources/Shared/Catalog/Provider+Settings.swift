/// What an account's `settings` may hold; docs/platforms.md says what each means.
extension Provider {
    /// By platform, whatever the mode: an account may change its mode and keep its settings.
    package var settings: [String] {
        switch self {
        case .openai: ["organization", "project", "headers"]
        case .anthropic: ["auth", "anthropic_version", "anthropic_beta", "headers"]
        case .baidu: ["appid", "auth", "headers"]
        case .alibaba: ["workspace", "endpoint", "headers"]
        case .tencent: ["region", "language", "headers"]
        case .zhipu: ["headers"]
        case .sandbox: []
        }
    }

    /// The words that one of them takes; `nil` where it takes any text.
    ///
    /// The adapters refuse others at each call, as if the key were wrong, so they are refused here first.
    package func values(of setting: String) -> [String]? {
        switch (self, setting) {
        case (.anthropic, "auth"): ["x-api-key", "bearer"]
        case (.baidu, "auth"): ["token", "iam"]
        case (.alibaba, "endpoint"): ["text", "multimodal"]
        default: nil
        }
    }
}
