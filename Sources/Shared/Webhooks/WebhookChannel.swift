/// One address to which messages about alerts are sent.
package struct WebhookChannel: Sendable, Equatable {
    /// As people name it, in settings, rows of the outbox and logs.
    package let name: String
    package let platform: WebhookPlatform
    /// Whoever knows it can write there.
    package let url: Secret
    package var secrets: [Secret] = []

    package init(name: String, platform: WebhookPlatform, url: Secret, secrets: [Secret] = []) {
        (self.name, self.platform, self.url, self.secrets) = (name, platform, url, secrets)
    }
}

extension WebhookChannel {
    static let mostBytes = 2048

    /// From `[name=]platform+https://…`, or `nil` for anything else.
    init?(entry: String) {
        guard entry.utf8.count <= Self.mostBytes, let scheme = entry.firstRange(of: "+http") else { return nil }
        let head = entry[..<scheme.lowerBound].split(separator: "=", omittingEmptySubsequences: false)
        let url = String(entry[entry.index(after: scheme.lowerBound)...])
        guard head.count <= 2, let word = head.last, let platform = WebhookPlatform(anyCase: String(word)),
            Self.isURL(url)
        else { return nil }
        let name = head.count == 2 ? String(head[0]) : platform.rawValue
        guard Self.isName(name) else { return nil }
        self.init(name: name, platform: platform, url: Secret(url))
    }

    static func isName(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count) && text.utf8.allSatisfy { $0.isASCIIAlphanumeric || "-_".utf8.contains($0) }
    }

    /// An absolute URL of HTTP with a host, and without a user or a fragment.
    static func isURL(_ text: String) -> Bool {
        guard let colon = text.firstRange(of: "://"), ["http", "https"].contains(text[..<colon.lowerBound]),
            text.utf8.allSatisfy({ (33...126).contains($0) }), !text.contains("#")
        else { return false }
        let authority = text[colon.upperBound...].prefix { !"/?".contains($0) }
        return authority.contains { $0 != ":" } && !authority.hasPrefix(":") && !authority.contains("@")
    }
}
