/// The time for which ledger rows gather before they are written (pure).
///
/// A transaction costs about the same for one row and for a hundred. So rows that come rarely gather for longer, up to
/// five times `FLUSH_INTERVAL`.
struct GatheringTime: Sendable, Equatable {
    private let least: Duration
    private let most: Duration
    private(set) var length: Duration
    /// Chosen: from so many rows on, a transaction's own cost is small beside that of its rows.
    private static let worthwhile = 100
    private static let longest = 5

    /// Rows that were read first wait for that long in the pending list, where others take them over after `takeover`.
    init(least: Duration, below takeover: Duration) {
        self.least = least
        most = max(least, min(least * Self.longest, takeover / 4))
        length = least
    }

    /// A batch of so many rows has come within `length`.
    mutating func gathered(_ rows: Int) {
        length = min(max(least, length * Self.worthwhile / max(1, rows)), most)
    }
}
