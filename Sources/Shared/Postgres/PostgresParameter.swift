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

    package static func array(_ values: [String?]) -> PostgresParameter {
        var array = PostgresArray(capacity: values.count)
        for value in values { array.append(value) }
        return array.parameter
    }

    /// A moment in milliseconds since 1970, as `timestamptz` reads it.
    package static func timestamp(_ milliseconds: Int64) -> String {
        UTCTime(millisecondsSince1970: milliseconds).text(separator: " ", zone: "+00")
    }
}
