import Shared

/// The time that a batch has, as in `24h`: minutes, hours or days, up to 30 days.
///
/// OpenAI knows `24h` alone.
struct BatchWindow: Equatable {
    /// As the caller wrote it.
    let text: String
    let seconds: Int

    static let expected = "24h, or another number of minutes (m), hours (h) or days (d) up to 30d"
    private static let longest = 30 * 86_400
    private static let units: [Character: Int] = ["m": 60, "h": 3600, "d": 86_400]

    init?(_ text: String) {
        guard let unit = text.last.flatMap({ Self.units[$0] }), (2...6).contains(text.utf8.count),
            text.dropLast().utf8.allSatisfy(\.isASCIIDigit), let number = Int(text.dropLast()), number > 0,
            number <= Self.longest / unit
        else { return nil }
        self.text = text
        seconds = number * unit
    }

    /// The window between two moments in milliseconds, for batches that were made without one.
    static func text(from start: Int64, to end: Int64) -> String {
        let (milliseconds, isPast) = end.subtractingReportingOverflow(start)
        guard !isPast, milliseconds > 0 else { return "0m" }
        let minutes = max(1, (milliseconds / 1000 + 30) / 60)
        return minutes % 60 == 0 ? "\(minutes / 60)h" : "\(minutes)m"
    }
}
