/// Reads forms that only the lenient reader takes (`LenientJSON` has the list).
///
/// Valid JSON pays only a look at the byte after a number.
extension JSONParser {
    mutating func mended<Value>(_ value: Value) -> Value {
        isMended = true
        return value
    }

    mutating func skipByteOrderMark(_ bytes: Span<UInt8>) {
        guard bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF else { return }
        position = mended(3)
    }

    /// After the document.
    mutating func skipRest(_ bytes: Span<UInt8>) throws(JSONError) {
        guard let next = nextToken(bytes) else { return }
        guard !"{[\"".utf8.contains(next) else { throw expected("the end of the document") }
        position = mended(bytes.count)
    }

    // MARK: - Words and numbers

    private static let words: [String: JSON] = [
        "true": .bool(true), "false": .bool(false), "null": .null, "none": .null, "undefined": .null, "nan": .null,
        "inf": .null, "infinity": .null,
    ]

    /// At something that begins no value of JSON's.
    mutating func mendedScalar(_ bytes: Span<UInt8>) throws(JSONError) -> JSON {
        guard isLenient else { throw expected("a value") }
        if "+.".utf8.contains(bytes[position]) { return try mendedNumber(bytes) }
        return try word(bytes, from: position)
    }

    private mutating func word(_ bytes: Span<UInt8>, from start: Int) throws(JSONError) -> JSON {
        var name = ""
        // As long as the longest of them.
        for index in start..<min(start + 9, bytes.count) {
            let letter = bytes[index] | 0x20
            guard letter.isASCIILowercase else { break }
            name.unicodeScalars.append(Unicode.Scalar(letter))
        }
        guard let value = Self.words[name] else { throw expected("a value") }
        position = start + name.utf8.count
        return mended(value)
    }

    /// At a minus sign or digit.
    mutating func lenientNumber(_ bytes: Span<UInt8>) throws(JSONError) -> JSON {
        let start = position
        if let number = try? number(bytes), position == bytes.count || !Self.isOfNumber(bytes[position]) {
            return .number(number)
        }
        position = start
        return try mendedNumber(bytes)
    }

    private static func isOfNumber(_ byte: UInt8) -> Bool {
        byte.isASCIIDigit || 0x2B...0x2E ~= byte && byte != 0x2C || byte | 0x20 == UInt8(ascii: "e")
    }

    /// A number as programs print it, written anew since it goes out again.
    private mutating func mendedNumber(_ bytes: Span<UInt8>) throws(JSONError) -> JSON {
        var literal: [UInt8] = []
        let sign = bytes[position]
        if sign == UInt8(ascii: "-") { literal.append(sign) }
        if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { position += 1 }
        if position < bytes.count, bytes[position].isASCIILetter {
            // An infinity with its sign.
            return try word(bytes, from: position)
        }
        let whole = digitRun(bytes)
        var fraction: [UInt8] = []
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            fraction = digitRun(bytes)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { throw expected("a digit") }
        let significant = whole.drop { $0 == UInt8(ascii: "0") }
        literal += significant.isEmpty ? [UInt8(ascii: "0")] : Array(significant)
        if !fraction.isEmpty { literal += [UInt8(ascii: ".")] + fraction }
        literal += try exponent(bytes)
        return mended(.number(JSONNumber(checked: String(decoding: literal, as: UTF8.self))))
    }

    /// With its letter, or empty where there is none.
    private mutating func exponent(_ bytes: Span<UInt8>) throws(JSONError) -> [UInt8] {
        guard position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") else { return [] }
        var literal = [UInt8(ascii: "e")]
        position += 1
        if position < bytes.count, "+-".utf8.contains(bytes[position]) {
            literal.append(bytes[position])
            position += 1
        }
        let digits = digitRun(bytes)
        guard !digits.isEmpty else { throw expected("a digit") }
        return literal + digits
    }

    private mutating func digitRun(_ bytes: Span<UInt8>) -> [UInt8] {
        var digits: [UInt8] = []
        while position < bytes.count, bytes[position].isASCIIDigit {
            digits.append(bytes[position])
            position += 1
        }
        return digits
    }

    // MARK: - Strings

    /// At a backslash that begins no escape of JSON's, as in formulas and paths that nobody escaped.
    mutating func mendedEscape(_ bytes: Span<UInt8>, expecting what: String) throws(JSONError) {
        guard isLenient else { throw expected(what) }
        isMended = true
        // JavaScript's and Python's.
        if bytes[position + 1] != UInt8(ascii: "'") { unescaped.append(UInt8(ascii: "\\")) }
        position += 1
    }

    /// Half a pair that was escaped.
    mutating func append(_ part: CharacterPart) {
        unescaped += standIn(part)
    }

    private mutating func standIn(_ part: CharacterPart) -> [UInt8] {
        isMended = true
        hasParts = mode == .keepingParts
        return Array(String(hasParts ? part.scalar : "\u{FFFD}").utf8)
    }

    /// Bytes of a string that are no UTF-8.
    mutating func mendedText(_ bytes: Span<UInt8>) -> String {
        isMended = true
        let (head, tail) = mode == .keepingParts ? (Self.headEnd(bytes), Self.tailStart(bytes)) : (0, bytes.count)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count + 16)
        for index in 0..<head { text += standIn(.byte(bytes[index])) }
        var index = head
        while index < tail {
            guard let unit = Self.surrogate(bytes, at: index) else {
                text.append(bytes[index])
                index += 1
                continue
            }
            if unit < 0xDC00, let low = Self.surrogate(bytes, at: index + 3), low >= 0xDC00 {
                text += Array(CharacterPart.joined([.surrogate(unit), .surrogate(low)]).utf8)
                index += 6
            } else {
                text += standIn(.surrogate(unit))
                index += 3
            }
        }
        for index in max(head, tail)..<bytes.count { text += standIn(.byte(bytes[index])) }
        return String(decoding: text, as: UTF8.self)
    }

    /// A surrogate as a character of three bytes, as Java and Python's `surrogatepass` write it.
    private static func surrogate(_ bytes: Span<UInt8>, at index: Int) -> UInt32? {
        guard index + 2 < bytes.count, bytes[index] == 0xED, 0xA0...0xBF ~= bytes[index + 1],
            0x80...0xBF ~= bytes[index + 2]
        else { return nil }
        return 0xD000 | UInt32(bytes[index + 1] & 0x3F) << 6 | UInt32(bytes[index + 2] & 0x3F)
    }

    /// The end of bytes that may end a character.
    private static func headEnd(_ bytes: Span<UInt8>) -> Int {
        var end = 0
        while end < min(3, bytes.count), 0x80...0xBF ~= bytes[end] { end += 1 }
        return end
    }

    /// The start of bytes that may begin a character.
    private static func tailStart(_ bytes: Span<UInt8>) -> Int {
        var start = bytes.count
        while start > max(0, bytes.count - 3) {
            start -= 1
            if bytes[start] < 0x80 { break }
            guard bytes[start] >= 0xC0 else { continue }
            let end = (start..<bytes.count).map { CharacterPart.byte(bytes[$0]) }
            return CharacterPart.isOpen(end) ? start : bytes.count
        }
        return bytes.count
    }
}
