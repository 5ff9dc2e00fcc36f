/// Tidies a platform's address, as people paste it, into the one that calls are appended to (pure).
///
/// Out: the address without white space around it, slashes at its end, the path of a call that was copied along, or a
/// second version. A `#` or bare `?` at its end, by which other products are told to add nothing, goes too. `nil` for
/// anything but an http:// or https:// URL, and for one with a user, a query or a fragment, which may be secret and
/// would end up in the middle of every call.
package enum PlatformAddress {
    /// The paths that adapters append to an address.
    ///
    /// A longer one stands before its own end.
    private static let calls = ["/chat/completions", "/completions", "/embeddings", "/messages"]

    package static func tidied(_ pasted: String) -> String? {
        let (address, _) = unmarked(pasted)
        let fragment = pasted.trimmingSpaces.drop { $0 != "#" }.dropFirst()
        guard fragment.isEmpty, isPlain(address) else { return nil }
        return withoutSecondVersion(withoutCall(address) ?? withoutSlashes(address))
    }

    /// The address without the mark of an exact one, and whether it had the mark.
    package static func unmarked(_ pasted: String) -> (address: String, isExact: Bool) {
        let text = String(pasted.trimmingSpaces)
        var address = text.prefix { $0 != "#" }
        let isMarked = address.endIndex != text.endIndex
        guard address.last == "?" else { return (withLowerScheme(address), isMarked) }
        address.removeLast()
        return (withLowerScheme(address), true)
    }

    /// The address without the call at its end, or `nil` where it ends in none.
    package static func withoutCall(_ address: String) -> String? {
        let address = withoutSlashes(address)
        if let call = calls.first(where: { address.hasSuffix($0) }) {
            return withoutSlashes(String(address.dropLast(call.count)))
        }
        // The list of models follows a version. Without one, `models` may be part of a host's own path.
        let parts = address.split(separator: "/")
        guard parts.last == "models", let version = parts.dropLast().last, isVersion(version) else { return nil }
        return withoutSlashes(String(address.dropLast("/models".count)))
    }

    /// `…/v1/v1` is `…/v1`, where one version was pasted and the other added.
    package static func withoutSecondVersion(_ address: String) -> String {
        let parts = address.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count > 4, let last = parts.last, isVersion(last), parts[parts.count - 2] == last else {
            return address
        }
        return parts.dropLast().joined(separator: "/")
    }

    package static func withoutSlashes(_ address: String) -> String {
        var address = address.trimmingSpaces
        while address.hasSuffix("/") { address.removeLast() }
        return String(address)
    }

    /// As in `v1` and `v4`.
    package static func isVersion(_ segment: some StringProtocol) -> Bool {
        segment.first == "v" && (2...3).contains(segment.count) && segment.dropFirst().allSatisfy(\.isNumber)
    }

    private static func isPlain(_ address: String) -> Bool {
        let host = address.firstRange(of: "://").map { address[$0.upperBound...] } ?? ""
        let isHTTP = address.hasPrefix("http://") || address.hasPrefix("https://")
        guard isHTTP, let first = host.first else { return false }
        return first != "/" && !address.contains { $0.isWhitespace || "?@#".contains($0) }
    }

    private static func withLowerScheme(_ address: Substring) -> String {
        guard let end = address.firstRange(of: "://")?.lowerBound else { return String(address) }
        return address[..<end].lowercased() + address[end...]
    }
}
