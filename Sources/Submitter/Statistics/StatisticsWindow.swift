import Shared

/// A window of whole hours, in milliseconds since 1970, which begins and ends no later and no earlier than asked for.
struct StatisticsWindow: Sendable, Equatable {
    static let hour: Int64 = 3_600_000
    static let day: Int64 = 86_400_000

    let since: Int64
    /// Not in it any more.
    let until: Int64

    init(since: Int64, until: Int64) {
        let (first, last) = (since.clamped(to: Bounds.moments), until.clamped(to: Bounds.moments))
        self.since = first / Self.hour * Self.hour
        self.until = (last + Self.hour - 1) / Self.hour * Self.hour
    }
}
