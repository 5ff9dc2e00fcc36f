/// Reads strings and numbers, the two tokens with a grammar of their own.
extension JSONParser {
    /// At the opening quote.
    ///
    /// Stops behind the closing one.
    mutating func string(_ bytes: Span<UInt8>) throws(JSONError) -> String {
        let start = position + 1
        position = plainEnd(bytes, from: start)
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
            return try escapedString(bytes, from: start)
        }
        let inside = bytes.extracting(start..<position)
        position += 1
        do throws(JSONError) { return try Self.text(inside, at: start) } catch {
            guard isLenient else { throw error }
            return mendedText(inside)
        }
    }

    /// The end of a run without quote, backslash and control characters.
    private func plainEnd(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var end = start
        while end < bytes.count {
            let byte = bytes[end]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { return end }
            end += 1
        }
        return end
    }

    private static func text(_ bytes: Span<UInt8>, at offset: Int) throws(JSONError) -> String {
        do {
            return String(copying: try UTF8Span(validating: bytes))
        } catch {
            throw JSONError(offset: offset + error.byteOffsets.lowerBound, expected: "UTF-8")
        }
    }

    private mutating func escapedString(_ bytes: Span<UInt8>, from start: Int) throws(JSONError) -> String {
        unescaped.removeAll(keepingCapacity: true)
        var run = start
        while true {
            append(bytes.extracting(run..<position))
            guard position < bytes.count else { throw expected("the end of a string") }
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                do throws(JSONError) { return try Self.text(unescaped.span, at: start) } catch {
                    guard isLenient else { throw error }
                    let inside = unescaped
                    return mendedText(inside.span)
                }
            case UInt8(ascii: "\\"):
                try escape(bytes)
                run = position
                position = plainEnd(bytes, from: run)
            default:
                guard isLenient else { throw expected("control characters to be escaped") }
                isMended = true
                run = position
                position = plainEnd(bytes, from: run + 1)
            }
        }
    }

    private mutating func append(_ run: Span<UInt8>) {
        unescaped.append(addingCapacity: run.count) { output in
            for index in run.indices { output.append(run[index]) }
        }
    }

    /// At a backslash.
    ///
    /// Stops behind the escape.
    private mutating func escape(_ bytes: Span<UInt8>) throws(JSONError) {
        guard position + 1 < bytes.count else { throw expected("an escape") }
        let byte: UInt8
        switch bytes[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte = bytes[position + 1]
        case UInt8(ascii: "b"): byte = 0x08
        case UInt8(ascii: "f"): byte = 0x0C
        case UInt8(ascii: "n"): byte = 0x0A
        case UInt8(ascii: "r"): byte = 0x0D
        case UInt8(ascii: "t"): byte = 0x09
        case UInt8(ascii: "u"): return try unicodeEscape(bytes)
        default: return try mendedEscape(bytes, expecting: "an escape")
        }
        unescaped.append(byte)
        position += 2
    }

    private mutating func unicodeEscape(_ bytes: Span<UInt8>) throws(JSONError) {
        guard let unit = codeUnit(bytes, at: position) else {
            return try mendedEscape(bytes, expecting: "four hex digits")
        }
        var scalar = unit
        var length = 6
        if 0xD800...0xDBFF ~= unit, let low = codeUnit(bytes, at: position + 6), 0xDC00...0xDFFF ~= low {
            scalar = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
            length = 12
        }
        if let scalar = Unicode.Scalar(scalar) {
            unescaped.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        } else {
            guard isLenient else { throw expected("a surrogate pair") }
            append(.surrogate(unit))
        }
        position += length
    }

    /// The four digits of `\uXXXX` at `start`, or `nil` where there are none.
    private func codeUnit(_ bytes: Span<UInt8>, at start: Int) -> UInt32? {
        guard start + 6 <= bytes.count, bytes[start] == UInt8(ascii: "\\"), bytes[start + 1] == UInt8(ascii: "u")
        else { return nil }
        var unit: UInt32 = 0
        for index in start + 2..<start + 6 {
            guard let digit = bytes[index].hexDigitValue else { return nil }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }

    /// At a minus sign or digit.
    ///
    /// Stops behind the literal.
    mutating func number(_ bytes: Span<UInt8>) throws(JSONError) -> JSONNumber {
        let start = position
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        if position < bytes.count, bytes[position] == UInt8(ascii: "0") {
            position += 1
        } else {
            try digits(bytes)
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            try digits(bytes)
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            try digits(bytes)
        }
        return JSONNumber(checked: try Self.text(bytes.extracting(start..<position), at: start))
    }

    private mutating func digits(_ bytes: Span<UInt8>) throws(JSONError) {
        let start = position
        while position < bytes.count, bytes[position].isASCIIDigit { position += 1 }
        guard position > start else { throw expected("a digit") }
    }
}
