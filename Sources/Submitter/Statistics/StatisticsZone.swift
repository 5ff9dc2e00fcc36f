import Shared

/// The time zone in which hours and days are told.
enum StatisticsZone: Sendable, Equatable {
    case utc
    /// As IANA spells it, and PostgreSQL knows it.
    case named(String)
    /// Minutes east of UTC.
    case offset(Int)

    /// A name or an offset as `+08:00`, not looked up yet, or `nil` for any other text.
    init?(_ text: String) {
        if ["UTC", "Z", "ETC/UTC"].contains(text.uppercased()) {
            self = .utc
        } else if let minutes = Self.minutes(text) {
            self = minutes == 0 ? .utc : .offset(minutes)
        } else if Self.isName(text) {
            self = .named(text)
        } else {
            return nil
        }
    }

    /// As people write it.
    var name: String {
        switch self {
        case .utc: "UTC"
        case .named(let name): name
        case .offset(let minutes): Self.text(minutes)
        }
    }

    /// As `AT TIME ZONE` reads it: POSIX counts offsets to the west.
    var sql: String {
        switch self {
        case .utc, .named: name
        case .offset(let minutes): "<\(Self.text(minutes))>\(Self.text(-minutes))"
        }
    }

    static let expected = "an IANA time zone as in Asia/Shanghai, or an offset as in +08:00"

    private static func text(_ minutes: Int) -> String {
        func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(minutes < 0 ? "-" : "+")\(twoDigits(abs(minutes) / 60)):\(twoDigits(abs(minutes) % 60))"
    }

    /// `+08:00`, `-0330` or `+8`, with a blank for the sign where a query's plus was read as one.
    static func minutes(_ text: String) -> Int? {
        guard let sign = text.first, "+- ".contains(sign) else { return nil }
        let digits = text.dropFirst().filter { $0 != ":" }
        guard (1...4).contains(digits.utf8.count), text.utf8.count <= 6, digits.utf8.allSatisfy(\.isASCIIDigit),
            let number = Int(digits)
        else { return nil }
        let (hours, minutes) = digits.utf8.count <= 2 ? (number, 0) : (number / 100, number % 100)
        guard hours <= 14, minutes < 60 else { return nil }
        return (sign == "-" ? -1 : 1) * (hours * 60 + minutes)
    }

    private static func isName(_ text: String) -> Bool {
        text.utf8.count <= 64 && text.utf8.first.map { $0.isASCIIAlphanumeric && !$0.isASCIIDigit } ?? false
            && text.utf8.allSatisfy { $0.isASCIIAlphanumeric || "/_+-".utf8.contains($0) }
    }
}
