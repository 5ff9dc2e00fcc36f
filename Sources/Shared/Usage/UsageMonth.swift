/// A month in UTC, whose attempts have a partition of `usage_attempts`.
package struct UsageMonth: Sendable, Hashable, Comparable {
    /// Months since the year 0.
    private let number: Int

    /// The month of a moment in milliseconds since 1970.
    package init(of milliseconds: Int64) {
        let date = UTCTime(millisecondsSince1970: milliseconds).date
        number = date.year * 12 + date.month - 1
    }

    private init(number: Int) { self.number = number }

    /// From the name of a partition, or `nil` for any other name.
    package init?(partition name: String) {
        let parts = name.dropFirst(Self.prefix.count).split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 4, parts[1].utf8.count == 2,
            let year = Int(parts[0]), let month = Int(parts[1]), (1...12).contains(month)
        else { return nil }
        number = year * 12 + month - 1
        guard name == partition else { return nil }
    }

    private static let prefix = "usage_attempts_"

    /// `usage_attempts_2026_11`.
    package var partition: String { "\(Self.prefix)\(number / 12)_\(twoDigits)" }

    package var next: UsageMonth { self - -1 }

    package static func - (month: UsageMonth, months: Int) -> UsageMonth { UsageMonth(number: month.number - months) }
    package static func < (one: UsageMonth, other: UsageMonth) -> Bool { one.number < other.number }

    /// The first moment, as `timestamptz` reads it.
    var start: String { "\(number / 12)-\(twoDigits)-01 00:00:00+00" }

    private var twoDigits: String {
        let month = number % 12 + 1
        return month < 10 ? "0\(month)" : "\(month)"
    }
}
