import Shared

/// Turns the address of a channel's platform into our form.
///
/// Both products keep a base URL to which they add the platform's path, while ours contains it. `nil` stands for the
/// platform's own address.
enum ChannelAddress {
    /// Names that new-api takes for an address.
    private static let named = [
        "glm-coding-plan": "https://open.bigmodel.cn/api/coding/paas/v4",
        "glm-coding-plan-international": "https://api.z.ai/api/coding/paas/v4",
        "kimi-coding-plan": "https://api.kimi.com/coding/v1",
        "doubao-coding-plan": "https://ark.cn-beijing.volces.com/api/coding/v3",
    ]

    /// The reason for skipping a channel that cannot be called.
    struct Refusal: Error, Equatable { let reason: String }

    static func of(
        _ given: String, provider: Provider, mode: String?, base: String, path: String
    ) throws(Refusal) -> String? {
        if let address = named[given] { return address }
        let (given, isExact) = PlatformAddress.unmarked(given)
        let address = try checked(given.isEmpty ? base : given)
        // Both products append their path to whatever is there. Behind a `#` or a bare `?` it never reaches the
        // platform, so people end an address with one of them to have it called exactly as it stands.
        let call = PlatformAddress.withoutCall(address)
        guard call != nil || !isExact else {
            throw Refusal(reason: "its base_url is an exact address that is not …/chat/completions")
        }
        let ours = PlatformAddress.withoutSecondVersion(call ?? joined(address, path))
        // Only a compatible server has no address of its own that we would know.
        let isOwn = ours == base + path && (mode != "compatible" || provider != .openai)
        return isOwn ? nil : ours
    }

    private static func checked(_ given: String) throws(Refusal) -> String {
        guard !given.isEmpty else { throw Refusal(reason: "it names no base_url") }
        guard given.hasPrefix("https://") || given.hasPrefix("http://"), !given.contains(where: \.isWhitespace) else {
            throw Refusal(reason: "its base_url is no http:// or https:// URL")
        }
        guard !given.contains("{") else { throw Refusal(reason: "its base_url has a placeholder") }
        guard !given.contains("@"), !given.contains("?") else {
            throw Refusal(reason: "its base_url holds a user or a query, which may be secret")
        }
        return PlatformAddress.withoutSlashes(given)
    }

    /// An address that ends in a version already gets no second one.
    private static func joined(_ address: String, _ path: String) -> String {
        // Cloudflare's gateway has a path of its own, to which neither product adds a version.
        let isWhole =
            PlatformAddress.isVersion(address.split(separator: "/").last ?? "")
            || address.hasPrefix("https://gateway.ai.cloudflare.com")
        return isWhole ? address : address + path
    }
}
