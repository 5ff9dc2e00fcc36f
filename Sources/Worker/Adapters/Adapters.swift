/// Which adapter speaks to which platform, in which of its modes: the one `switch` over `Provider`.
import Shared

enum Adapters {
    /// `nil` for the sandbox, which answers in this process (`SandboxScript`).
    static func adapter(for account: Account) -> (any ProviderAdapter)? {
        let mode = account.mode ?? account.provider.modes[0]
        switch account.provider {
        case .openai: return mode == "compatible" ? OpenAIOwnDialect.compatibleAdapter : OpenAIOwnDialect.adapter
        case .anthropic: return AnthropicAdapter()
        case .baidu: return mode == "legacy" ? ErnieV1Adapter() : QianfanDialect.adapter
        case .alibaba: return mode == "compatible" ? QwenCompatibleDialect.adapter : DashScopeAdapter()
        case .tencent:
            switch mode {
            case "native": return HunyuanAdapter()
            case "legacy": return HunyuanCompatibleDialect.adapter
            default: return TokenHubDialect.adapter
            }
        case .zhipu: return mode == "jwt" ? ZhipuDialect.signedAdapter : ZhipuDialect.adapter
        case .sandbox: return nil
        }
    }
}
