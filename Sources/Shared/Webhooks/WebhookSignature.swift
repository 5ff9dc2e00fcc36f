import Crypto

/// The signatures of webhooks, all HMAC-SHA256 in base64 (pure).
enum WebhookSignature {
    /// Of DingTalk, for the query of the URL.
    ///
    /// `milliseconds` since 1970.
    static func dingTalk(_ secret: String, at milliseconds: Int64) -> String {
        sign(Array("\(milliseconds)\n\(secret)".utf8), with: Array(secret.utf8))
    }

    /// Of Feishu, for the body: the text to sign is the key, and what is signed is empty.
    ///
    /// `seconds` since 1970.
    static func feishu(_ secret: String, at seconds: Int64) -> String {
        sign([], with: Array("\(seconds)\n\(secret)".utf8))
    }

    /// Of Standard Webhooks, for a header: `v1,` and the signature, one for each secret, separated by blanks.
    ///
    /// A secret without a key signs nothing.
    static func standard(_ secrets: [String], id: String, at seconds: Int64, _ body: [UInt8]) -> String {
        let signed = Array("\(id).\(seconds).".utf8) + body
        return secrets.compactMap(key).map { "v1,\(sign(signed, with: $0))" }.joined(separator: " ")
    }

    /// The key of a secret of Standard Webhooks, `whsec_` and 24 to 64 bytes in base64, or `nil` for any other text.
    static func key(_ secret: String) -> [UInt8]? {
        guard secret.hasPrefix("whsec_"), let key = Base64.decode(String(secret.dropFirst("whsec_".count))),
            (24...64).contains(key.count)
        else { return nil }
        return key
    }

    private static func sign(_ message: [UInt8], with key: [UInt8]) -> String {
        Base64.encode(Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key))))
    }
}
