/// An array literal, built element by element: each is quoted, so that none can end it.
struct PostgresArray {
    private var bytes: [UInt8] = []

    /// `capacity` in elements.
    init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity * 16 + 2)
        bytes.append(UInt8(ascii: "{"))
    }

    mutating func append(_ text: String?) {
        guard let text else {
            separate()
            return bytes.append(contentsOf: "NULL".utf8)
        }
        open()
        let source = text.utf8.span
        if Self.hasEscapes(source) {
            bytes.append(addingCapacity: source.count * 2) { output in
                for index in source.indices {
                    if Self.isEscaped(source[index]) { output.append(UInt8(ascii: "\\")) }
                    output.append(source[index])
                }
            }
        } else {
            bytes.append(contentsOf: text.utf8)
        }
        close()
    }

    mutating func append(_ number: Int) { append(Int64(number)) }

    mutating func append(_ number: Int64) {
        open()
        bytes.append(decimal: number)
        close()
    }

    mutating func append(_ flag: Bool) { append(flag ? "t" : "f") }

    var parameter: PostgresParameter { .text(String(decoding: bytes + [UInt8(ascii: "}")], as: UTF8.self)) }

    private mutating func open() {
        separate()
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func close() { bytes.append(UInt8(ascii: "\"")) }

    private mutating func separate() {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
    }

    private static func isEscaped(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") }

    /// Reads to the end, since most texts have none and a loop without exit is vectorised.
    private static func hasEscapes(_ source: Span<UInt8>) -> Bool {
        var found: UInt8 = 0
        for index in source.indices { found |= isEscaped(source[index]) ? 1 : 0 }
        return found != 0
    }
}
