/// The time over which an account's quota is counted.
///
/// Raw values are the catalogue's.
///
/// Pure, in UTC. A day begins at the reset hour. A month begins at that hour of the reset day, which is 1 to 28 so that
/// every month has it.
package enum QuotaPeriod: String, Sendable, CaseIterable {
    /// Never begins anew: used quota stays used.
    case total
    case day, month

    private static let dayLength: Int64 = 86_400_000

    /// The begin of the period that `now` lies in, in milliseconds since 1970, or `nil` for `total`.
    package func start(at now: Int64, resetHour: Int, resetDay: Int) -> Int64? {
        let shift = Int64(resetHour) * 3_600_000
        let day = Self.floorDivide(now - shift, Self.dayLength)
        switch self {
        case .total: return nil
        case .day: return day * Self.dayLength + shift
        case .month:
            let date = CivilDate(daysSince1970: Int(day))
            let month = date.day >= resetDay ? (date.year, date.month) : Self.before(date.year, date.month)
            let start = CivilDate(year: month.0, month: month.1, day: resetDay)
            return Int64(start.daysSince1970) * Self.dayLength + shift
        }
    }

    /// The end of that period, which is the begin of the next one.
    package func end(at now: Int64, resetHour: Int, resetDay: Int) -> Int64? {
        guard let start = start(at: now, resetHour: resetHour, resetDay: resetDay) else { return nil }
        guard self == .month else { return start + Self.dayLength }
        // No month is longer than 31 days, and none shorter than 28.
        return self.start(at: start + 31 * Self.dayLength, resetHour: resetHour, resetDay: resetDay)
    }

    private static func before(_ year: Int, _ month: Int) -> (Int, Int) {
        month == 1 ? (year - 1, 12) : (year, month - 1)
    }

    private static func floorDivide(_ value: Int64, _ by: Int64) -> Int64 {
        let quotient = value / by
        return value % by < 0 ? quotient - 1 : quotient
    }
}
