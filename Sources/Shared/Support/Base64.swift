/// Base64 (RFC 4648), without Foundation.
package enum Base64 {
    private static let common = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
    private static let standard = common + Array("+/".utf8)
    private static let urlSafe = common + Array("-_".utf8)

    /// §4, padded.
    package static func encode(_ bytes: [UInt8]) -> String { encode(bytes, standard, isPadded: true) }

    /// §5, for URLs and names.
    package static func encodeURL(_ bytes: [UInt8], isPadded: Bool = false) -> String {
        encode(bytes, urlSafe, isPadded: isPadded)
    }

    /// §4, or `nil` for anything else.
    ///
    /// Padding may be missing, and is not checked where it is there.
    package static func decode(_ text: String) -> [UInt8]? { decode(text, standard) }

    /// §5, or `nil` for anything else.
    ///
    /// Padding may be missing, and is not checked where it is there.
    package static func decodeURL(_ text: String) -> [UInt8]? { decode(text, urlSafe) }

    private static func encode(_ bytes: [UInt8], _ digits: [UInt8], isPadded: Bool) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var buffer: UInt32 = 0
        var bits = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(digits[Int(buffer >> UInt32(bits)) & 63])
            }
            buffer &= 0xFF
        }
        if bits > 0 { text.append(digits[Int(buffer << UInt32(6 - bits)) & 63]) }
        while isPadded, !text.count.isMultiple(of: 4) { text.append(UInt8(ascii: "=")) }
        return String(decoding: text, as: UTF8.self)
    }

    private static func decode(_ text: String, _ digits: [UInt8]) -> [UInt8]? {
        let encoded = text.utf8.reversed().drop { $0 == UInt8(ascii: "=") }.reversed()
        guard text.utf8.count - encoded.count <= 2, encoded.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(encoded.count / 4 * 3 + 2)
        var buffer: UInt32 = 0
        var bits = 0
        for digit in encoded {
            guard let value = value(of: digit, digits) else { return nil }
            buffer = buffer << 6 | value
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            bytes.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
            buffer &= 0xFF
        }
        return bytes
    }

    private static func value(of digit: UInt8, _ digits: [UInt8]) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
        case digits[62]: 62
        case digits[63]: 63
        default: nil
        }
    }
}
