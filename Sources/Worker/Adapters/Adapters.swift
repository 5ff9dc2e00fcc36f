/// Which adapter speaks to which platform, in which of its modes: the one `switch` over `Provider`.
import Shared

enum Adapters {
    /// `nil` for the sandbox, which answers in this process (`SandboxScript`).
    static func adapter(for account: Account) -> (any ProviderAdapter)? {
        let mode = account.mode ?? account.provider.modes[0]
        switch account.provider {
        case .openai: return mode == "compatible" ? OpenAIOwnDialect.compatibleWire : OpenAIOwnDialect.wire
        case .anthropic: return AnthropicAdapter()
        case .baidu: return mode == "legacy" ? ErnieV1Adapter() : QianfanDialect.wire
        case .alibaba: return mode == "compatible" ? QwenCompatibleDialect.wire : DashScopeAdapter()
        case .tencent:
            switch mode {
            case "native": return HunyuanAdapter()
            case "legacy": return HunyuanCompatibleDialect.wire
            default: return TokenHubDialect.wire
            }
        case .zhipu: return mode == "jwt" ? ZhipuDialect.signedWire : ZhipuDialect.wire
        case .sandbox: return nil
        }
    }
}
