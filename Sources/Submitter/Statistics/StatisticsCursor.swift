import Shared

/// The place after a page of groups, and the window of the question, which must not move between two pages (pure).
struct StatisticsCursor: Sendable, Equatable {
    let window: StatisticsWindow
    let offset: Int
    /// Of what the caller asked for, since the place means nothing in the answer to another question.
    let question: String

    init(window: StatisticsWindow, offset: Int, question: String) {
        self.window = window
        self.offset = offset
        self.question = question
    }

    /// `nil` for a text that no answer had.
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.count <= 80, parts.count == 4, let since = Self.number(parts[0]),
            let until = Self.number(parts[1]), let offset = Self.number(parts[2]), offset <= Int32.max
        else { return nil }
        window = StatisticsWindow(since: since, until: until)
        guard window.since == since, window.until == until, since < until,
            until - since <= StatisticsPeriod.longest + 2 * StatisticsWindow.hour
        else { return nil }
        self.offset = Int(offset)
        question = String(parts[3])
    }

    var text: String { "\(window.since)-\(window.until)-\(offset)-\(question)" }

    private static func number(_ digits: Substring) -> Int64? {
        (1...18).contains(digits.utf8.count) && digits.utf8.allSatisfy(\.isASCIIDigit) ? Int64(digits) : nil
    }

    /// A digest that tells questions apart, of the texts that a caller gave.
    static func question(_ parts: [String]) -> String {
        String(Array(parts.joined(separator: "\u{0}").utf8).sha256Hex.prefix(12))
    }
}
