/// A part of a character that stands alone in a text: half a surrogate pair, or a byte of a longer sequence.
///
/// A `String` cannot hold it. In pieces of an answer a character for private use stands for it until the piece with the
/// other part is there (`joined`). These characters are of no use to anybody else, and never leave the worker.
package enum CharacterPart: Sendable, Equatable {
    /// U+D800…U+DFFF.
    case surrogate(UInt32)
    /// 0x80…0xFF.
    case byte(UInt8)

    /// The last of the characters for private use.
    private static let bytes: UInt32 = 0x10F700
    private static let surrogates: UInt32 = 0x10F800
    private static let all = bytes + 0x80...0x10FFFF

    /// The character that stands for it.
    package var scalar: Unicode.Scalar {
        let value =
            switch self {
            case .surrogate(let unit): Self.surrogates + (unit & 0x7FF)
            case .byte(let byte): Self.bytes + UInt32(byte | 0x80)
            }
        return Unicode.Scalar(value) ?? "\u{FFFD}"
    }

    package init?(_ scalar: Unicode.Scalar) {
        guard Self.all.contains(scalar.value) else { return nil }
        self =
            scalar.value < Self.surrogates
            ? .byte(UInt8(truncatingIfNeeded: scalar.value)) : .surrogate(0xD800 + scalar.value - Self.surrogates)
    }

    /// True where a document may hold such characters of its own, as they are or as escapes.
    static func mayStand(in document: [UInt8]) -> Bool {
        document.indices.contains { index in
            let next = document[index...].prefix(5)
            if next.first == 0xF4 { return next.dropFirst().first == 0x8F && (next.dropFirst(2).first ?? 0) >= 0x9E }
            guard next.first == UInt8(ascii: "\\"), next.count == 5 else { return false }
            return String(decoding: next, as: UTF8.self).lowercased() == "\\udbf"
        }
    }

    /// True where more parts may make a character of these.
    static func isOpen(_ parts: [CharacterPart]) -> Bool {
        guard let start = parts.lastIndex(where: \.isFirst) else { return false }
        return switch parts[start] {
        case .surrogate: start == parts.count - 1
        case .byte(let lead): parts.count - start < length(lead)
        }
    }

    private var isFirst: Bool {
        switch self {
        case .surrogate(let unit): unit < 0xDC00
        case .byte(let byte): byte >= 0xC2
        }
    }

    private static func length(_ lead: UInt8) -> Int { lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0 }

    /// The characters that neighbouring parts make, with U+FFFD for parts that stay alone.
    static func joined(_ parts: [CharacterPart]) -> String {
        var text = ""
        var index = 0
        while index < parts.count {
            switch parts[index] {
            case .surrogate(let high):
                if index + 1 < parts.count, case .surrogate(let low) = parts[index + 1], high < 0xDC00, low >= 0xDC00,
                    let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
                {
                    text.unicodeScalars.append(scalar)
                    index += 2
                } else {
                    text += "\u{FFFD}"
                    index += 1
                }
            case .byte:
                var bytes: [UInt8] = []
                while index < parts.count, case .byte(let byte) = parts[index] {
                    bytes.append(byte)
                    index += 1
                }
                text += String(decoding: bytes, as: UTF8.self)
            }
        }
        return text
    }
}

extension String {
    /// With a character in place of the parts that make one, and U+FFFD in place of those that stay alone.
    package var joiningParts: String {
        var text = ""
        var parts: [CharacterPart] = []
        for scalar in unicodeScalars {
            if let part = CharacterPart(scalar) {
                parts.append(part)
                continue
            }
            text += CharacterPart.joined(parts)
            parts = []
            text.unicodeScalars.append(scalar)
        }
        return text + CharacterPart.joined(parts)
    }

    /// The text ends within a character.
    package var endsWithinCharacter: Bool {
        let end = unicodeScalars.reversed().prefix { CharacterPart($0) != nil }.compactMap(CharacterPart.init)
        return CharacterPart.isOpen(end.reversed())
    }

    /// Cuts the parts off that the text begins with.
    package mutating func takeParts() -> String {
        let parts = unicodeScalars.prefix { CharacterPart($0) != nil }
        let taken = String(String.UnicodeScalarView(parts))
        unicodeScalars.removeFirst(parts.count)
        return taken
    }
}
