import Shared

/// Selects attempts of the usage log, and a page of them.
struct UsageLogQuery: Sendable, Equatable {
    var filters: StatisticsFilters = [:]
    var requestID: String?
    var lane: Lane?
    /// Attempts that began within this time, in milliseconds since 1970; `until` is not part of it.
    var since: Int64?
    var until: Int64?
    /// The last row of the page before.
    var after: UsageLogCursor?
    var limit = 100
}

/// The place of a row in the log, newest first (pure).
struct UsageLogCursor: Sendable, Equatable {
    /// Microseconds since 1970, as PostgreSQL keeps times.
    let startedAt: Int64
    let requestID: String
    let attempt: Int64

    init(startedAt: Int64, requestID: String, attempt: Int64) {
        (self.startedAt, self.requestID, self.attempt) = (startedAt, requestID, attempt)
    }

    /// `nil` for a text that no answer had.
    init?(_ text: String) {
        let parts = text.split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let startedAt = Self.number(parts[0]), startedAt <= Bounds.moments.upperBound * 1000,
            let attempt = Self.number(parts[1]), attempt <= Int32.max, parts[2].utf8.count <= 3 * Bounds.id,
            let bytes = PercentEncoding.decode(parts[2]), !bytes.contains(0),
            let id = String(validating: bytes, as: UTF8.self)
        else { return nil }
        self.init(startedAt: startedAt, requestID: id, attempt: attempt)
    }

    /// As a URL and a header can hold it, whatever characters an id has.
    var text: String { "\(startedAt)-\(attempt)-\(PercentEncoding.encode(requestID))" }

    private static func number(_ digits: Substring) -> Int64? {
        (1...18).contains(digits.utf8.count) && digits.utf8.allSatisfy(\.isASCIIDigit) ? Int64(digits) : nil
    }
}
