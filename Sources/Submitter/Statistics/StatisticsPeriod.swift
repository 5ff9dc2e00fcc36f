import Shared

/// The time that statistics are asked for, as a caller writes it (pure).
enum StatisticsPeriod: Sendable, Equatable {
    /// Milliseconds before now.
    case last(Int64)
    /// Without an end: until now.
    case between(LocalTime, LocalTime?)

    static let expected = """
        1h, 24h, 7d, 30d or another number of hours (h), days (d) or weeks (w) up to ten years, or FROM..TO with dates or \
        times as in 2026-11-01..2026-12-01T12:00, where TO is not part of it
        """

    /// Chosen: longer than any ledger, and a bound for what one question may read.
    static let longest: Int64 = 3660 * 86_400_000

    private static let units: [Character: Int64] = ["h": 3_600_000, "d": 86_400_000, "w": 604_800_000]

    init?(_ text: String) {
        guard text.utf8.count <= 64 else { return nil }
        if let dots = Self.dots(in: text) {
            let (first, last) = (text[..<dots], text[text.index(dots, offsetBy: 2)...])
            guard let from = LocalTime(String(first)) else { return nil }
            guard !last.isEmpty, last != "now" else {
                self = .between(from, nil)
                return
            }
            guard let to = LocalTime(String(last)) else { return nil }
            self = .between(from, to)
        } else {
            guard let unit = text.last.flatMap({ Self.units[$0] }), text.utf8.count <= 7,
                text.utf8.dropLast().allSatisfy(\.isASCIIDigit), let count = Int64(text.dropLast()), count > 0,
                count * unit <= Self.longest
            else { return nil }
            self = .last(count * unit)
        }
    }

    private static func dots(in text: String) -> String.Index? {
        text.indices.first { text[$0...].hasPrefix("..") }
    }
}

/// A date, perhaps with a time of day and an offset, as a caller writes it (pure).
struct LocalTime: Sendable, Equatable {
    /// Milliseconds since 1970, as if its clock showed UTC.
    let milliseconds: Int64
    /// Minutes east of UTC where they are given, else the zone of the question counts.
    let offset: Int?

    /// As in `2026-11-29`, `2026-11-29T15:00`, `2026-11-29T15:00:30Z` or `2026-11-29T15:00+08:00`.
    init?(_ text: String) {
        var (bare, offset) = (text[...], Int?.none)
        if text.hasSuffix("Z") {
            (bare, offset) = (text.dropLast(), 0)
        } else if let sign = text.indices.dropFirst("2026-11-29T".count).first(where: { "+- ".contains(text[$0]) }) {
            guard let minutes = StatisticsZone.minutes(String(text[sign...])) else { return nil }
            (bare, offset) = (text[..<sign], minutes)
        }
        // A date alone has no offset.
        guard offset == nil || bare.utf8.count > "2026-11-29".count, case .at(let moment)? = TimePoint(String(bare))
        else { return nil }
        (milliseconds, self.offset) = (moment, offset)
    }

    /// `nil` where only PostgreSQL knows the zone's offset at that time.
    func moment(in zone: StatisticsZone) -> Int64? {
        switch (offset, zone) {
        case (let minutes?, _), (nil, .offset(let minutes)): milliseconds - Int64(minutes) * 60_000
        case (nil, .utc): milliseconds
        case (nil, .named): nil
        }
    }

    /// `2026-11-29 15:00:00`, as `timestamp` reads it.
    var sql: String {
        let time = UTCTime(millisecondsSince1970: milliseconds)
        return "\(time.date) \(time.time)"
    }
}
