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

    /// As `timestamptz` reads it: seconds since 1970 with three decimals, by way of an interval.
    package static func timestamp(_ milliseconds: Int64) -> String {
        let (days, rest) = milliseconds.quotientAndRemainder(dividingBy: 86_400_000)
        let (year, month, day) = civil(days: Int(rest < 0 ? days - 1 : days))
        let time = rest < 0 ? rest + 86_400_000 : rest
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let seconds = "\(two(time / 3_600_000)):\(two(time / 60_000 % 60)):\(two(time / 1000 % 60))"
        let fraction = String(String(1000 + time % 1000).dropFirst())
        return "\(year)-\(two(Int64(month)))-\(two(Int64(day))) \(seconds).\(fraction)+00"
    }

    /// Days since 1970 to a Gregorian date.
    ///
    /// After Howard Hinnant's "chrono-compatible low-level date algorithms".
    package static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
