/// A JSON number as its literal, so that `1.0`, `1e3` and `12345678901234567890` leave as they came.
///
/// Equality is that of the literals: `1` and `1.0` differ.
package struct JSONNumber: Sendable, Hashable {
    /// Follows the number grammar of RFC 8259.
    package let literal: String

    /// For the parser, which has checked the grammar.
    init(checked literal: String) {
        self.literal = literal
    }

    package init(_ value: Int) {
        literal = String(value)
    }

    package init(_ value: Int64) {
        literal = String(value)
    }

    /// `nil` for infinities and NaN, which JSON does not have.
    package init?(_ value: Double) {
        guard value.isFinite else { return nil }
        literal = value.description
    }

    /// The value where it is a whole number that fits, however it is written (`1`, `1.0`, `1e3`).
    package var intValue: Int? {
        Int(literal) ?? doubleValue.flatMap { Int(exactly: $0) }
    }

    /// The number within `range`: beyond it the nearer bound, with fractions cut off.
    package func whole(in range: ClosedRange<Int>) -> Int {
        if let exact = Int(literal) { return exact.clamped(to: range) }
        // Infinite for a literal beyond its range.
        let value = Double(literal) ?? 0
        if value >= Double(range.upperBound) { return range.upperBound }
        return value > Double(range.lowerBound) ? Int(value) : range.lowerBound
    }

    /// `nil` where the literal is beyond the range of a double.
    package var doubleValue: Double? {
        Double(literal).flatMap { $0.isFinite ? $0 : nil }
    }
}
