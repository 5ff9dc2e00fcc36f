/// The primitives that platform signatures are made of.
import Crypto

enum Digest {
    static func sha256Hex(_ bytes: [UInt8]) -> String { hex(SHA256.hash(data: bytes)) }

    static func hmacSHA256(_ text: String, key: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: key)))
    }

    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// RFC 4648 §5 without padding.
    static func base64URL(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let (first, rest) = (bytes[index], bytes[(index + 1)...].prefix(2))
            let second = rest.first ?? 0
            let third = rest.count == 2 ? rest[rest.startIndex + 1] : 0
            text.append(digits[Int(first >> 2)])
            text.append(digits[Int((first & 3) << 4 | second >> 4)])
            if rest.count > 0 { text.append(digits[Int((second & 15) << 2 | third >> 6)]) }
            if rest.count > 1 { text.append(digits[Int(third & 63)]) }
            index += 3
        }
        return String(decoding: text, as: UTF8.self)
    }
}
