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
    package var description: String {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    fileprivate func append(to bytes: inout [UInt8]) {
        bytes.append(decimal: year)
        bytes.append(UInt8(ascii: "-"))
        bytes.append(decimal: month, digits: 2)
        bytes.append(UInt8(ascii: "-"))
        bytes.append(decimal: day, digits: 2)
    }
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
        var bytes: [UInt8] = []
        appendTime(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `2025-11-23T08:49:37Z` (RFC 3339).
    package var dateAndTime: String { "\(date)T\(time)Z" }

    /// `2025-11-23T08:49:37.042Z` (RFC 3339).
    package var dateAndTimeWithMilliseconds: String { text(separator: "T", zone: "Z") }

    /// `2025-11-23 08:49:37.042+00`, with milliseconds.
    package func text(separator: Unicode.Scalar, zone: String) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        date.append(to: &bytes)
        bytes.append(UInt8(ascii: separator))
        appendTime(to: &bytes)
        bytes.append(UInt8(ascii: "."))
        bytes.append(decimal: millisecondOfDay % 1000, digits: 3)
        bytes.append(contentsOf: zone.utf8)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func appendTime(to bytes: inout [UInt8]) {
        let seconds = millisecondOfDay / 1000
        bytes.append(decimal: seconds / 3600, digits: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(decimal: seconds / 60 % 60, digits: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(decimal: seconds % 60, digits: 2)
    }
}
