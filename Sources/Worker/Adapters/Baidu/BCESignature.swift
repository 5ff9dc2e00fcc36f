/// Baidu Cloud's signature for IAM keys, bce-auth-v1 (Baidu Cloud's documentation, November 2026).
///
/// In: the key, the request, the time. Out: the `Authorization` header. Cannot fail.
import Shared

struct BCESignature: Sendable {
    /// The validity of a signed request, as in Baidu's SDK.
    static let lifeSeconds = 300

    let accessKey: String
    let secretKey: String
    var method = "POST"
    let path: String
    var query: [(name: String, value: String)] = []
    /// All of them are signed.
    ///
    /// Names may be in any case.
    let headers: [(name: String, value: String)]
    /// Seconds since 1970.
    let timestamp: Int64

    /// `2025-11-23T00:00:00Z`.
    ///
    /// Also sent as `x-bce-date`.
    var date: String { UTCTime(secondsSince1970: timestamp).dateAndTime }

    var prefix: String { "bce-auth-v1/\(accessKey)/\(date)/\(Self.lifeSeconds)" }

    var signingKey: String { Digest.hmacSHA256(prefix, key: Array(secretKey.utf8)).hex }

    var canonicalRequest: String {
        let pairs = query.map { PercentEncoding.encode($0.name) + "=" + PercentEncoding.encode($0.value) }
        let lines = headers.filter { !$0.value.isEmpty }
            .map { PercentEncoding.encode($0.name.lowercased()) + ":" + PercentEncoding.encode($0.value) }
        return [
            method, PercentEncoding.encode(path, keepsSlash: true), pairs.sorted().joined(separator: "&"),
            lines.sorted().joined(separator: "\n"),
        ].joined(separator: "\n")
    }

    var signature: String { Digest.hmacSHA256(canonicalRequest, key: Array(signingKey.utf8)).hex }

    var authorization: String {
        let names = headers.map { $0.name.lowercased() }.sorted().joined(separator: ";")
        return "\(prefix)/\(names)/\(signature)"
    }
}
