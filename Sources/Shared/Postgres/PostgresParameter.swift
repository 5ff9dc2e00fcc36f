/// A value sent beside the SQL text, never inside it, in PostgreSQL's text format.
package enum PostgresParameter: Sendable, ExpressibleByStringLiteral, ExpressibleByNilLiteral {
    case null
    case text(String)

    package init(stringLiteral value: String) { self = .text(value) }
    package init(nilLiteral: ()) { self = .null }

    /// As PostgreSQL reads it, or `nil` for null.
    var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    package static func text(_ value: String?) -> PostgresParameter { value.map { .text($0) } ?? .null }
    package static func int(_ value: Int64?) -> PostgresParameter { .text(value.map { String($0) }) }
    package static func int(_ value: Int?) -> PostgresParameter { .text(value.map { String($0) }) }
    package static func double(_ value: Double?) -> PostgresParameter { .text(value.map { String($0) }) }
    package static func bool(_ value: Bool) -> PostgresParameter { .text(value ? "t" : "f") }
    /// Milliseconds since 1970, for `timestamptz`.
    package static func time(_ milliseconds: Int64?) -> PostgresParameter { .text(milliseconds.map { timestamp($0) }) }

    /// An array literal: every element quoted, so that no element can end it.
    package static func array(_ values: [String?]) -> PostgresParameter {
        var bytes: [UInt8] = [UInt8(ascii: "{")]
        bytes.reserveCapacity(values.count * 16)
        for value in values {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            guard let value else {
                bytes.append(contentsOf: "NULL".utf8)
                continue
            }
            bytes.append(UInt8(ascii: "\""))
            for byte in value.utf8 {
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
                bytes.append(byte)
            }
            bytes.append(UInt8(ascii: "\""))
        }
        bytes.append(UInt8(ascii: "}"))
        return .text(String(decoding: bytes, as: UTF8.self))
    }

    /// A moment in milliseconds since 1970, as `timestamptz` reads it.
    package static func timestamp(_ milliseconds: Int64) -> String {
        let time = UTCTime(millisecondsSince1970: milliseconds)
        return "\(time.date) \(time.timeWithMilliseconds)+00"
    }
}
