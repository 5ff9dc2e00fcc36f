import Shared

/// Masks headers and URLs.
///
/// Only values about framing, encoding and limits are kept.
struct HeaderMask {
    private let identity: IdentityMask

    init(salt: [UInt8]) { identity = IdentityMask(salt: salt) }

    private static let kept: Set<String> = [
        "accept", "accept-encoding", "cache-control", "connection", "content-encoding", "content-length",
        "content-type",
        "date", "retry-after", "retry-after-ms", "server", "transfer-encoding", "vary", "x-should-retry",
        "anthropic-version", "anthropic-beta", "x-dashscope-sse", "x-dashscope-ossresourceresolve", "x-tc-action",
        "x-tc-version", "x-tc-region", "x-tc-timestamp", "x-tc-language",
    ]
    private static let keptBeginnings = ["x-ratelimit-", "anthropic-ratelimit-"]

    /// Names in lower case.
    func json(_ headers: [(name: String, value: String)]) -> JSON {
        .array(headers.map { [.string($0.name), .string(keeps($0.name) ? $0.value : masked($0.value))] })
    }

    private func keeps(_ name: String) -> Bool {
        Self.kept.contains(name) || Self.keptBeginnings.contains(where: name.hasPrefix)
    }

    private func masked(_ value: String) -> String {
        var bytes = Array(value.utf8)
        TextMask(digest: identity.digest(bytes[...])).mask(&bytes, bytes.indices)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The part of a URL below the account's base URL, else below the host, with masked query values.
    func path(_ url: String, below baseURL: String?) -> String {
        var path = url[...]
        if let baseURL, url.hasPrefix(baseURL) {
            path = path.dropFirst(baseURL.count)
        } else if let scheme = url.range(ofLiteral: "://") {
            path = url[scheme.upperBound...].drop { $0 != "/" }
        }
        let parts = path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return String(path) }
        let query = parts[1].split(separator: "&", omittingEmptySubsequences: false).map { pair in
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return sides.count == 2 ? sides[0] + "=" + masked(String(sides[1])) : masked(String(pair))[...]
        }
        return parts[0] + "?" + query.joined(separator: "&")
    }
}
