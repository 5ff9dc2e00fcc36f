/// Tencent Cloud's API 3.0 signature, TC3-HMAC-SHA256 (Tencent Cloud's documentation, November 2026).
///
/// In: the key, the host, the exact bytes that are sent, the time. Out: the `Authorization` header and its parts.
/// Cannot fail. The platform allows five minutes between our clock and its own.
import Shared

struct TC3Signature: Sendable {
    static let service = "hunyuan"
    private static let algorithm = "TC3-HMAC-SHA256"

    let secretID: String
    let secretKey: String
    /// As the HTTP client sends it: `host`, or `host:port` where the port is not the scheme's own.
    let host: String
    /// Seconds since 1970.
    let timestamp: Int64
    let body: [UInt8]
    /// Signed as `x-tc-action` where there is one.
    ///
    /// The platform requires only content type and host.
    var action: String?

    var payloadHash: String { body.sha256Hex }

    var signedHeaders: String { action == nil ? "content-type;host" : "content-type;host;x-tc-action" }

    /// The path is always `/` and the query empty, since a header names the action.
    var canonicalRequest: String {
        var lines = ["POST", "/", "", "content-type:application/json", "host:\(host.lowercased())"]
        if let action { lines.append("x-tc-action:\(action.lowercased())") }
        return (lines + ["", signedHeaders, payloadHash]).joined(separator: "\n")
    }

    var canonicalHash: String { Array(canonicalRequest.utf8).sha256Hex }

    var date: String { UTCTime(secondsSince1970: timestamp).date.description }

    var scope: String { "\(date)/\(Self.service)/tc3_request" }

    var dateKey: [UInt8] { Digest.hmacSHA256(date, key: Array("TC3\(secretKey)".utf8)) }

    var serviceKey: [UInt8] { Digest.hmacSHA256(Self.service, key: dateKey) }

    var signingKey: [UInt8] { Digest.hmacSHA256("tc3_request", key: serviceKey) }

    var signature: String {
        let text = [Self.algorithm, String(timestamp), scope, canonicalHash].joined(separator: "\n")
        return Digest.hmacSHA256(text, key: signingKey).hex
    }

    var authorization: String {
        "\(Self.algorithm) Credential=\(secretID)/\(scope), SignedHeaders=\(signedHeaders), Signature=\(signature)"
    }
}
