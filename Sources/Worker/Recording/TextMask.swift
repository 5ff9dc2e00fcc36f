import Shared

/// Replaces the content of a text and keeps its form: its length in bytes, white space, punctuation, escapes, and every
/// fault of its encoding.
///
/// Letters become `x`, digits become `1`, and other characters become one of their length. Halves of surrogate pairs
/// stay halves, cut characters stay cut, and stray bytes stay stray bytes.
struct TextMask {
    /// The text stands inside a JSON string.
    var isEscaped = false
    /// Keeps `true`, `false` and `null`, since the text is JSON itself.
    var keepsLiterals = false
    /// The source of replacement letters and digits, used in turn, empty for `x` and `1`.
    var digest: [UInt8] = []

    private static let characters: [[UInt8]] = ["x", "é", "文", "🙂"].map { Array($0.utf8) }
    /// Byte order mark, replacement character, line and paragraph separator, ideographic and no-break space.
    private static let kept: [[UInt8]] = ["\u{FEFF}", "\u{FFFD}", "\u{2028}", "\u{2029}", "\u{3000}", "\u{A0}"].map {
        Array($0.utf8)
    }

    func mask(_ bytes: inout [UInt8], _ range: Range<Int>) {
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            if isEscaped, byte == UInt8(ascii: "\\") {
                index = escape(&bytes, index, range.upperBound)
            } else if byte >= 0x80 {
                index = character(&bytes, index, range.upperBound)
            } else if keepsLiterals, let end = literal(bytes, index, range) {
                index = end
            } else {
                bytes[index] = masked(byte, at: index - range.lowerBound)
                index += 1
            }
        }
    }

    private func masked(_ byte: UInt8, at offset: Int) -> UInt8 {
        let random = digest.isEmpty ? nil : digest[offset % digest.count]
        if byte.isASCIILetter { return random.map { UInt8(ascii: "a") + $0 % 26 } ?? UInt8(ascii: "x") }
        if byte.isASCIIDigit { return random.map { UInt8(ascii: "0") + $0 % 10 } ?? UInt8(ascii: "1") }
        return byte
    }

    private func literal(_ bytes: [UInt8], _ index: Int, _ range: Range<Int>) -> Int? {
        guard bytes[index].isASCIILetter, index == range.lowerBound || !bytes[index - 1].isASCIILetter else {
            return nil
        }
        let word = bytes[index..<range.upperBound].prefix { $0.isASCIIAlphanumeric }
        let isFramed = index > range.lowerBound && ":,[ ".utf8.contains(bytes[index - 1])
        return isFramed && MaskVocabulary.literals.contains(String(decoding: word, as: UTF8.self)) ? word.endIndex : nil
    }

    // MARK: - Escapes

    /// Masks a backslash with what it escapes, and returns the index behind.
    private func escape(_ bytes: inout [UInt8], _ index: Int, _ end: Int) -> Int {
        guard index + 1 < end else { return end }
        guard bytes[index + 1] == UInt8(ascii: "u"), index + 6 <= end,
            bytes[index + 2] != UInt8(ascii: "+"),
            let unit = UInt16(String(decoding: bytes[index + 2..<index + 6], as: UTF8.self), radix: 16)
        else { return bytes[index + 1] < 0x80 ? index + 2 : index + 1 }
        for (offset, digit) in hexDigits(masked(unit, at: index)).enumerated() { bytes[index + 2 + offset] = digit }
        return index + 6
    }

    private func hexDigits(_ unit: UInt16) -> String.UTF8View {
        [UInt8(unit >> 8), UInt8(truncatingIfNeeded: unit)].hex.utf8
    }

    private func masked(_ unit: UInt16, at offset: Int) -> UInt16 {
        switch unit {
        case ..<0x80: UInt16(masked(UInt8(unit), at: offset))
        case 0xD800...0xDBFF: 0xD83D
        case 0xDC00...0xDFFF: 0xDE42
        case 0xFEFF, 0xFFFD, 0x2028, 0x2029, 0x3000, 0xA0: unit
        default: 0x6587
        }
    }

    // MARK: - Characters beyond ASCII

    /// Masks one character, or the longest beginning of one, and returns the index behind.
    private func character(_ bytes: inout [UInt8], _ index: Int, _ end: Int) -> Int {
        let length = Self.length(bytes[index])
        let found = Self.beginning(bytes[index..<min(end, index + max(1, length))])
        let behind = index + found
        if found == length {
            guard !Self.kept.contains(Array(bytes[index..<behind])) else { return behind }
        } else if found == 1 {
            // A byte that may not follow here must not form a character with the replacement.
            let isAlone = behind == end || !Self.isContinuation(bytes[behind])
            bytes[index] =
                length > 1 && isAlone
                ? Self.characters[length - 1][0] : Self.isContinuation(bytes[index]) ? 0x80 : 0xFF
            return behind
        }
        for offset in 0..<found { bytes[index + offset] = Self.characters[length - 1][offset] }
        return behind
    }

    /// The length that the first byte promises, 0 where it begins no character.
    private static func length(_ first: UInt8) -> Int {
        switch first {
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 0
        }
    }

    /// The number of leading bytes that belong to one character (Unicode, table 3-7).
    private static func beginning(_ bytes: ArraySlice<UInt8>) -> Int {
        guard let first = bytes.first, let second = bytes.dropFirst().first else { return bytes.count }
        let range: ClosedRange<UInt8> =
            switch first {
            case 0xE0: 0xA0...0xBF
            case 0xED: 0x80...0x9F
            case 0xF0: 0x90...0xBF
            case 0xF4: 0x80...0x8F
            default: 0x80...0xBF
            }
        guard range.contains(second) else { return 1 }
        return 2 + bytes.dropFirst(2).prefix(while: isContinuation).count
    }

    private static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
}
