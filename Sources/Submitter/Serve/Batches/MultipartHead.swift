import Shared

/// The head of a part: the field's name, and that of the file where there is one.
struct MultipartHead: Equatable {
    let name: String
    let filename: String?

    /// Reads the lines of a head.
    ///
    /// Headers other than `Content-Disposition` say nothing that is needed, except an encoding, which is refused.
    init(_ lines: [ArraySlice<UInt8>]) throws(MultipartParser.Malformed) {
        var disposition: HeaderParameters?
        for line in lines {
            let (name, value) = try Self.header(line)
            switch name {
            case "content-disposition":
                guard disposition == nil else { throw Self.noName }
                disposition = HeaderParameters(value)
            case "content-transfer-encoding":
                guard ["binary", "8bit", "7bit", "identity"].contains(value.lowercased()) else {
                    throw MultipartParser.Malformed(reason: "a part has a Content-Transfer-Encoding")
                }
            default: break
            }
        }
        guard let disposition, disposition.value == "form-data", let name = disposition["name"] else {
            throw Self.noName
        }
        self.name = Self.unescaped(name)
        filename = Self.extended(disposition["filename*"]) ?? disposition["filename"].map(Self.unescaped)
    }

    private static let noName = MultipartParser.Malformed(reason: "a part has no Content-Disposition with a name")

    private static func header(_ line: ArraySlice<UInt8>) throws(MultipartParser.Malformed) -> (String, String) {
        guard let text = String(validating: line, as: UTF8.self), let colon = text.firstIndex(of: ":"),
            !text[..<colon].isEmpty, !text[..<colon].contains(" ")
        else { throw MultipartParser.Malformed(reason: "a part has a line in its head that is no header") }
        return (text[..<colon].lowercased(), text[text.index(after: colon)...].trimmingSpaces.description)
    }

    /// Browsers and their like write a quote so (https://html.spec.whatwg.org, multipart form data).
    private static func unescaped(_ text: String) -> String { text.replacing("%22", with: "\"") }

    /// As in `UTF-8''r%C3%A9sum%C3%A9.jsonl` (RFC 8187).
    private static func extended(_ text: String?) -> String? {
        guard let text, text.lowercased().hasPrefix("utf-8'"),
            let quote = text.dropFirst("utf-8'".count).firstIndex(of: "'")
        else { return nil }
        let name = String(text[text.index(after: quote)...])
        return PercentEncoding.decode(name).flatMap { String(validating: $0, as: UTF8.self) }
    }
}

/// A header's value with parameters, as in `form-data; name="file"; filename="a;b.jsonl"`.
struct HeaderParameters {
    /// The text before the first semicolon, in small letters.
    let value: String
    private var parameters: [String: String] = [:]

    /// `nil` where a quote is not closed, a value is missing, or a name stands there twice.
    init?(_ text: String) {
        var rest = text.utf8[...]
        value = Self.word(&rest, until: ";").lowercased()
        while rest.popFirst() != nil {
            guard !rest.allSatisfy({ $0 == 32 || $0 == 9 }) else { break }
            let name = Self.word(&rest, until: "=").lowercased()
            guard !name.isEmpty, rest.popFirst() != nil, parameters[name] == nil else { return nil }
            rest = rest.drop { $0 == 32 || $0 == 9 }
            guard rest.first == UInt8(ascii: "\"") else {
                parameters[name] = Self.word(&rest, until: ";")
                continue
            }
            guard let quoted = Self.quoted(&rest), Self.word(&rest, until: ";").isEmpty else { return nil }
            parameters[name] = quoted
        }
    }

    /// By its name in small letters.
    subscript(name: String) -> String? { parameters[name] }

    private static func word(_ rest: inout Substring.UTF8View, until end: Unicode.Scalar) -> String {
        let word = rest.prefix { $0 != UInt8(ascii: end) }
        rest = rest[word.endIndex...]
        return Substring(word).trimmingSpaces.description
    }

    /// A backslash escapes a quote and itself, and means itself before anything else, as in paths of Windows.
    private static func quoted(_ rest: inout Substring.UTF8View) -> String? {
        var bytes: [UInt8] = []
        rest.removeFirst()
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") { return String(decoding: bytes, as: UTF8.self) }
            if byte == UInt8(ascii: "\\"), let next = rest.first, next == UInt8(ascii: "\"") || next == byte {
                rest.removeFirst()
                bytes.append(next)
            } else {
                bytes.append(byte)
            }
        }
        return nil
    }
}
