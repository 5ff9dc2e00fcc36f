/// The names and words that an account's `settings` may hold (docs/platforms.md).
extension Provider {
    /// The same for all modes of a platform: an account may change its mode and keep its settings.
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

    /// The words that a setting takes, or `nil` where it takes any text.
    ///
    /// The adapters would refuse other words at each call, as if the key were wrong, so they are refused here first.
    package func values(of setting: String) -> [String]? {
        switch (self, setting) {
        case (.anthropic, "auth"): ["x-api-key", "bearer"]
        case (.baidu, "auth"): ["token", "iam"]
        case (.alibaba, "endpoint"): ["text", "multimodal"]
        default: nil
        }
    }
}
