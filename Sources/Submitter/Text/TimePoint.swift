import ArgumentParser
import Shared

/// A moment as a person writes it: `24h` ago, a date, or a date with a time, in UTC.
enum TimePoint: Sendable, Equatable {
    /// Milliseconds before now.
    case ago(Int64)
    /// Milliseconds since 1970.
    case at(Int64)

    /// Milliseconds since 1970.
    func milliseconds(now: Int64) -> Int64 {
        switch self {
        case .ago(let milliseconds): now.subtractingClamped(milliseconds).clamped(to: Bounds.moments)
        case .at(let milliseconds): milliseconds
        }
    }

    private static let expected =
        "expected a time ago as in 90s, 30m, 24h, 7d or 2w, or a UTC time as in 2026-11-29 or 2026-11-29T15:00Z"

    /// For options: ArgumentParser names the option in front of what is thrown.
    @Sendable static func parse(_ text: String) throws -> TimePoint {
        guard let point = TimePoint(text) else { throw ValidationError(expected) }
        return point
    }

    init?(_ text: String) {
        guard text.utf8.count <= 32 else { return nil }
        if text == "now" {
            self = .ago(0)
        } else if let ago = Self.ago(text) {
            self = .ago(ago)
        } else if let moment = Self.moment(text) {
            self = .at(moment)
        } else {
            return nil
        }
    }

    private static let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]

    private static func ago(_ text: String) -> Int64? {
        guard let unit = text.last.flatMap({ units[$0] }), let count = number(text.dropLast(), 1...7) else {
            return nil
        }
        return count * unit * 1000
    }

    /// Reads `2026-11-29`, and behind it `T15:00` or `T15:00:30`, with or without a `Z`.
    ///
    /// A blank may stand for the `T`.
    private static func moment(_ text: String) -> Int64? {
        let bare = text.hasSuffix("Z") ? text.dropLast() : text[...]
        let parts = bare.split(omittingEmptySubsequences: false) { $0 == "T" || $0 == " " }
        guard let day = parts.first.flatMap(day), parts.count <= 2, parts.count == 2 || !text.hasSuffix("Z") else {
            return nil
        }
        guard parts.count == 2 else { return day * 86_400_000 }
        return secondOfDay(parts[1]).map { (day * 86_400 + $0) * 1000 }
    }

    /// Days since 1970.
    private static func day(_ text: Substring) -> Int64? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let year = number(parts[0], 4...4), let month = number(parts[1], 2...2),
            let day = number(parts[2], 2...2), (1970...9999).contains(year), (1...12).contains(month)
        else { return nil }
        let date = CivilDate(year: Int(year), month: Int(month), day: Int(day))
        let days = date.daysSince1970
        // There is no February 30: such a day would come back as one of March.
        return CivilDate(daysSince1970: days) == date ? Int64(days) : nil
    }

    private static func secondOfDay(_ text: Substring) -> Int64? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { number($0, 2...2) }
        guard (2...3).contains(parts.count), let hour = parts[0], let minute = parts[1],
            let second = parts.count == 3 ? parts[2] : 0, hour < 24, minute < 60, second < 60
        else { return nil }
        return hour * 3600 + minute * 60 + second
    }

    private static func number(_ digits: Substring, _ length: ClosedRange<Int>) -> Int64? {
        guard length.contains(digits.utf8.count), digits.utf8.allSatisfy(\.isASCIIDigit) else { return nil }
        return Int64(digits)
    }
}
