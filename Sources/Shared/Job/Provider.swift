/// The platforms.
///
/// A new one is a case here. Every `switch` over it then refuses to compile until it is served.
package enum Provider: String, Sendable, CaseIterable, Codable {
    case openai, anthropic, baidu, alibaba, tencent, zhipu
    /// Answers inside the worker: no network, no key.
    case sandbox
}
