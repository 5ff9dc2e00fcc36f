/// Picks the adapter of an account: one `switch` over every platform and mode.
///
/// A new platform or mode does not compile until it has a case here.
import Shared

enum Adapters {
    /// `nil` for the sandbox, which answers in this process (`SandboxScript`).
    static func adapter(for account: Account) -> (any ProviderAdapter)? {
        switch account.platformMode {
        case .openai(.native): OpenAIOwnDialect.adapter
        case .openai(.compatible): OpenAIOwnDialect.compatibleAdapter
        case .anthropic: AnthropicAdapter()
        case .baidu(.native): QianfanDialect.adapter
        case .baidu(.legacy): ErnieV1Adapter()
        case .alibaba(.native): DashScopeAdapter()
        case .alibaba(.compatible): QwenCompatibleDialect.adapter
        case .tencent(.compatible): TokenHubDialect.adapter
        case .tencent(.native): HunyuanAdapter()
        case .tencent(.legacy): HunyuanCompatibleDialect.adapter
        case .zhipu(.native): ZhipuDialect.adapter
        case .zhipu(.jwt): ZhipuDialect.signedAdapter
        case .sandbox: nil
        }
    }
}
