/// A setting's value as it may be shown (pure).
///
/// Anything that is not certainly an address is masked whole, since a password may hold any character.
enum MaskedValue {
    static let mask = "•••"

    /// Of a secret: the address in it, where it is a URL.
    ///
    /// The path is shown of databases only. In a webhook's it is the secret itself.
    static func secret(_ text: String) -> String {
        let isDatabase = ["redis", "rediss", "postgres", "postgresql"]
            .contains(text.prefix { $0 != ":" && $0 != "+" }.lowercased())
        return address(text, keepsPath: isDatabase) ?? mask
    }

    /// Of any other setting, which may be a URL with a password.
    static func plain(_ text: String) -> String {
        guard text.contains("://") || text.contains("@") else { return text }
        return address(text, keepsPath: true) ?? mask
    }

    /// `redis://user:•••@host:6379/0` of `redis://user:secret@host:6379/0`.
    private static func address(_ text: String, keepsPath: Bool) -> String? {
        guard let separator = text.firstRange(of: "://") else { return nil }
        let scheme = text[..<separator.lowerBound]
        let authority = text[separator.upperBound...].prefix { !"/?#".contains($0) }
        let behind = text[authority.endIndex...]
        let path = behind.prefix { !"?#".contains($0) }
        let at = authority.lastIndex(of: "@")
        let hosts = at.map { authority[authority.index(after: $0)...] } ?? authority
        // A password with a slash would end the authority before its `@`.
        guard !behind.contains("@"), isPlain(scheme), isPlain(hosts), isPlain(path) else { return nil }
        let login = at.map { masked(login: authority[..<$0]) + "@" } ?? ""
        let shown = keepsPath || path.count <= 1 ? String(path) : "/" + mask
        return "\(scheme)://\(login)\(hosts)\(shown)" + (path.endIndex == text.endIndex ? "" : "?" + mask)
    }

    /// The user stays where a password stands beside it.
    private static func masked(login: Substring) -> String {
        guard let colon = login.firstIndex(of: ":"), isPlain(login[..<colon]) else { return mask }
        return "\(login[..<colon]):\(mask)"
    }

    private static func isPlain(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { $0.isASCIIAlphanumeric || "+-._:,[]/~%".utf8.contains($0) }
    }
}
