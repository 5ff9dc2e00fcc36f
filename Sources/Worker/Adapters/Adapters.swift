/// Which adapter speaks to which platform: the one `switch` over `Provider`.
import Shared

enum Adapters {
    /// `nil` for a platform that this build cannot call, and for the sandbox, which answers in this process
    /// (`SandboxScript`).
    static func adapter(for provider: Provider) -> (any ProviderAdapter)? {
        switch provider {
        case .openai: OpenAIAdapter()
        case .anthropic, .baidu, .alibaba, .tencent, .zhipu: nil
        case .sandbox: nil
        }
    }
}
