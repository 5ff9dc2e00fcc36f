import Shared

/// A date as bills write one (pure).
enum BillDate: Equatable {
    /// A day as the platform counts days.
    case day(CivilDate)
    /// Milliseconds since 1970, of a time that tells its own zone.
    case moment(Int64)

    /// `2026-11-29`, `2026/11/29`, `2026.11.29`, `20261129` or `2026年11月29日`, with or without a time of day behind it,
    /// or seconds or milliseconds since 1970.
    ///
    /// A time of day counts only where a zone stands behind it (`Z`, `+08:00`): otherwise the day is the platform's.
    init?(_ cell: String) {
        let text = String(cell.trimmingSpaces)
        guard text.utf8.count <= 80 else { return nil }
        if let number = Self.number(text) {
            self = number
            return
        }
        var rest = text.replacing("年", with: "-").replacing("月", with: "-").replacing("日", with: " ")[...]
        guard let year = Self.digits(&rest, 4...4), let mark = rest.popFirst(), "-/.".contains(mark),
            let month = Self.digits(&rest, 1...2), rest.popFirst() == mark, let day = Self.digits(&rest, 1...2),
            let date = Self.date(year, month, day), rest.first.map({ !$0.isNumber }) ?? true
        else { return nil }
        self = Self.instant(date, rest).map { .moment($0) } ?? .day(date)
    }

    private static func number(_ text: String) -> BillDate? {
        guard text.utf8.allSatisfy(\.isASCIIDigit), let number = Int64(text) else { return nil }
        switch text.utf8.count {
        case 8:
            return date(Int(number / 10_000), Int(number / 100 % 100), Int(number % 100)).map { .day($0) }
        case 10: return .moment(number * 1000)
        case 13: return .moment(number)
        default: return nil
        }
    }

    /// `nil` for a day that the calendar does not have.
    private static func date(_ year: Int, _ month: Int, _ day: Int) -> CivilDate? {
        guard (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day) else { return nil }
        let date = CivilDate(year: year, month: month, day: day)
        return CivilDate(daysSince1970: date.daysSince1970) == date ? date : nil
    }

    /// The moment of a time of day with a zone behind it.
    private static func instant(_ date: CivilDate, _ text: Substring) -> Int64? {
        var rest = text
        guard let mark = rest.popFirst(), "T ".contains(mark) else { return nil }
        rest = rest.drop { $0 == " " }
        guard let hour = digits(&rest, 1...2), rest.popFirst() == ":", let minute = digits(&rest, 2...2), hour < 24,
            minute < 60
        else { return nil }
        var second = 0
        if rest.first == ":" {
            rest.removeFirst()
            guard let seconds = digits(&rest, 2...2), seconds < 61 else { return nil }
            second = seconds
        }
        if rest.first == "." { rest = rest.dropFirst().drop { $0.isNumber } }
        rest = rest.drop { $0 == " " }
        let zone = rest.hasPrefix("Z") ? 0 : StatisticsZone.minutes(String(rest.prefix { "+-:0123456789".contains($0) }))
        guard let zone else { return nil }
        let minutes = (date.daysSince1970 * 24 + hour) * 60 + minute - zone
        return Int64(minutes * 60 + second) * 1000
    }

    private static func digits(_ text: inout Substring, _ length: ClosedRange<Int>) -> Int? {
        let found = text.prefix(length.upperBound).prefix { $0.isASCII && $0.isNumber }
        guard length.contains(found.count), let number = Int(found) else { return nil }
        text = text.dropFirst(found.count)
        return number
    }
}
