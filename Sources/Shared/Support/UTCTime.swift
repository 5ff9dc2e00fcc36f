/// A date of the Gregorian calendar.
///
/// Both conversions are Howard Hinnant's (https://howardhinnant.github.io/date_algorithms.html), for any year.
package struct CivilDate: Sendable, Equatable, CustomStringConvertible {
    package let year: Int
    /// From 1.
    package let month: Int
    /// From 1.
    package let day: Int

    package init(year: Int, month: Int, day: Int) {
        (self.year, self.month, self.day) = (year, month, day)
    }

    package init(daysSince1970 days: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    package var daysSince1970: Int {
        let yearFromMarch = month <= 2 ? year - 1 : year
        let era = (yearFromMarch >= 0 ? yearFromMarch : yearFromMarch - 399) / 400
        let yearOfEra = yearFromMarch - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// `2025-11-23`.
    package var description: String { "\(year)-\(twoDigits(month))-\(twoDigits(day))" }
}

/// A moment as date and time of day in UTC.
package struct UTCTime: Sendable, Equatable {
    package let date: CivilDate
    package let millisecondOfDay: Int

    package init(millisecondsSince1970 milliseconds: Int64) {
        self.init(milliseconds.quotientAndRemainder(dividingBy: 86_400_000), unitsPerSecond: 1000)
    }

    package init(secondsSince1970 seconds: Int64) {
        self.init(seconds.quotientAndRemainder(dividingBy: 86_400), unitsPerSecond: 1)
    }

    /// Days, and a remainder that is negative for moments before 1970.
    ///
    /// No step overflows for any number of either unit.
    private init(_ days: (quotient: Int64, remainder: Int64), unitsPerSecond: Int64) {
        let isBefore = days.remainder < 0
        date = CivilDate(daysSince1970: Int(days.quotient) - (isBefore ? 1 : 0))
        millisecondOfDay = Int(days.remainder * (1000 / unitsPerSecond)) + (isBefore ? 86_400_000 : 0)
    }

    /// `08:49:37`.
    package var time: String {
        let seconds = millisecondOfDay / 1000
        return [seconds / 3600, seconds / 60 % 60, seconds % 60].map(twoDigits).joined(separator: ":")
    }

    /// `08:49:37.042`.
    package var timeWithMilliseconds: String { "\(time).\(String(1000 + millisecondOfDay % 1000).dropFirst())" }

    /// `2025-11-23T08:49:37Z` (RFC 3339).
    package var dateAndTime: String { "\(date)T\(time)Z" }

    /// `2025-11-23T08:49:37.042Z` (RFC 3339).
    package var dateAndTimeWithMilliseconds: String { "\(date)T\(timeWithMilliseconds)Z" }
}

private func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
