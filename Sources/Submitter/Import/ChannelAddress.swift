import Shared

/// Where a channel's platform is, in our form.
///
/// Both products keep a base URL to which they add the platform's path; ours contains it. `nil` in place of an address is the
/// platform's own.
enum ChannelAddress {
    /// Names that new-api takes for an address.
    private static let named = [
        "glm-coding-plan": "https://open.bigmodel.cn/api/coding/paas/v4",
        "glm-coding-plan-international": "https://api.z.ai/api/coding/paas/v4",
        "kimi-coding-plan": "https://api.kimi.com/coding/v1",
        "doubao-coding-plan": "https://ark.cn-beijing.volces.com/api/coding/v3",
    ]

    /// What cannot be called: the reason for skipping the channel.
    struct Refusal: Error, Equatable { let reason: String }

    static func of(
        _ given: String, provider: Provider, mode: String?, base: String, path: String
    ) throws(Refusal) -> String? {
        if let address = named[given] { return address }
        let (given, isExact) = exact(given)
        // Only a compatible server has no address of its own that we would know.
        if !isExact, given.isEmpty || given == base, mode != "compatible" || provider != .openai { return nil }
        let address = given.isEmpty ? base : given
        guard address.hasPrefix("https://") || address.hasPrefix("http://"), !address.contains(" ") else {
            throw Refusal(
                reason: address.isEmpty ? "it names no base_url" : "its base_url is no http:// or https:// URL")
        }
        guard !address.contains("{") else { throw Refusal(reason: "its base_url has a placeholder") }
        guard !address.contains("@"), !address.contains("?") else {
            throw Refusal(reason: "its base_url holds a user or a query, which may be secret")
        }
        let end = calls.first { address.hasSuffix($0) }
        guard isExact else { return end.map { String(address.dropLast($0.count)) } ?? joined(address, path) }
        guard let end else { throw Refusal(reason: "its base_url is an exact address that is not …/chat/completions") }
        return String(address.dropLast(end.count))
    }

    /// What we put behind an address ourselves.
    private static let calls = ["/chat/completions", "/messages"]

    /// Both products put their path behind whatever is there: behind a `#` or a bare `?` it never reaches the platform, so people end
    /// an address with one of them to have it called exactly as it stands.
    private static func exact(_ text: String) -> (address: String, isExact: Bool) {
        var address = text.prefix { $0 != "#" }
        var isExact = address.endIndex != text.endIndex
        if address.last == "?" {
            address.removeLast()
            isExact = true
        }
        return (trimmed(String(address)), isExact)
    }

    /// An address that ends in a version already gets no second one.
    private static func joined(_ address: String, _ path: String) -> String {
        let last = address.split(separator: "/").last ?? ""
        let isVersion =
            last.count <= 3 && last.first == "v" && last.dropFirst().allSatisfy(\.isNumber) && last.count > 1
        // Cloudflare's gateway has a path of its own, to which neither product adds a version.
        if isVersion || address.hasPrefix("https://gateway.ai.cloudflare.com") { return address }
        return address + path
    }

    private static func trimmed(_ text: String) -> String {
        var text = text.trimmed
        while text.hasSuffix("/") { text.removeLast() }
        return String(text)
    }
}
