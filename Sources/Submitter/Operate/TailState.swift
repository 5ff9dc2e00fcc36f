import Shared

/// Turns the records of a log into what a person is shown (pure).
///
/// In: records in order, each once. Out: the events behind the last one, whatever was lost and read again in between.
struct TailState: Sendable {
    private(set) var last: RequestLogID
    /// Text of the latest attempt was shown, so that a start means that the answer begins again.
    private var hasText: Bool
    /// Anything of this request was read, so that it must be known.
    private(set) var isBegun = false

    /// A search has not found it, though it may be there.
    private(set) var isUnseen = false

    init(after last: RequestLogID) {
        self.last = last
        hasText = last.attempt > 0 && last.seq > 0
    }

    mutating func read(_ entries: [RequestLogEntry]) -> [ReplyEvent] { entries.compactMap { event($0) } }

    /// True the first time.
    mutating func isFirstUnseen() -> Bool {
        defer { isUnseen = true }
        return !isUnseen
    }

    private mutating func event(_ entry: RequestLogEntry) -> ReplyEvent? {
        guard entry.id > last else { return nil }
        (last, isBegun) = (entry.id, true)
        switch entry.record {
        case .started:
            defer { hasText = false }
            return hasText ? .restart(attempt: entry.id.attempt) : nil
        case .delta(let payload):
            hasText = true
            return .delta(entry.id, payload)
        case .end(let end): return .end(end)
        case .queued, .unknown: return nil
        }
    }
}
