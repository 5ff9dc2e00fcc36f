/// Writes `JSON` as bytes: compact, members in order, number literals as they came.
///
/// Only quotes, backslashes and control characters are escaped. Everything else is UTF-8 as it is. So an encoded value
/// never contains a line feed, and values can be separated by one.
extension JSON {
    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        encode(into: &bytes)
        return bytes
    }

    /// Appends.
    package func encode(into bytes: inout [UInt8]) {
        switch self {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(true): bytes.append(contentsOf: "true".utf8)
        case .bool(false): bytes.append(contentsOf: "false".utf8)
        case .number(let number): bytes.append(contentsOf: number.literal.utf8)
        case .string(let text): JSON.encode(text, into: &bytes)
        case .array(let elements): JSON.encode(elements, into: &bytes)
        case .object(let object): object.encode(into: &bytes)
        }
    }

    private static func encode(_ elements: [JSON], into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "["))
        var isFirst = true
        for element in elements {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            element.encode(into: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// Appends `text` as a JSON string, quotes included.
    package static func encode(_ text: String, into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        let source = text.utf8.span
        if hasEscapes(source) {
            appendRuns(source, to: &bytes)
        } else {
            bytes.append(contentsOf: text.utf8)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// Reads to the end, since most strings have none and a loop without exit is vectorised.
    private static func hasEscapes(_ bytes: Span<UInt8>) -> Bool {
        var found: UInt8 = 0
        for index in bytes.indices { found |= isEscaped(bytes[index]) ? 1 : 0 }
        return found != 0
    }

    private static func appendRuns(_ source: Span<UInt8>, to bytes: inout [UInt8]) {
        var start = 0
        while start < source.count {
            var end = start
            while end < source.count, !isEscaped(source[end]) { end += 1 }
            bytes.append(addingCapacity: end - start) { output in
                for index in start..<end { output.append(source[index]) }
            }
            if end < source.count { appendEscaped(source[end], to: &bytes) }
            start = end + 1
        }
    }

    private static func appendEscaped(_ byte: UInt8, to bytes: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        case 0x0A: bytes.append(contentsOf: "\\n".utf8)
        case 0x0D: bytes.append(contentsOf: "\\r".utf8)
        case 0x09: bytes.append(contentsOf: "\\t".utf8)
        case 0x08: bytes.append(contentsOf: "\\b".utf8)
        case 0x0C: bytes.append(contentsOf: "\\f".utf8)
        case 0..<0x20:
            bytes.append(contentsOf: "\\u00".utf8)
            bytes.append(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
            bytes.append(contentsOf: String(byte & 0xF, radix: 16).utf8)
        default: bytes.append(byte)
        }
    }
}

extension JSONObject {
    package var encoded: [UInt8] { encoded(capacity: 512) }

    /// `capacity` in bytes, where the length is known about.
    package func encoded(capacity: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(capacity)
        encode(into: &bytes)
        return bytes
    }

    /// Appends.
    package func encode(into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "{"))
        // A span, since a loop over the array would copy each member.
        let members = members.span
        for index in members.indices {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSON.encode(members[index].key, into: &bytes)
            bytes.append(UInt8(ascii: ":"))
            members[index].value.encode(into: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }
}
