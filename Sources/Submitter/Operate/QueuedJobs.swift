import Shared

/// Rows of `submitter jobs list`: the requests of all shards in one order (pure).
struct QueuedJobs: Sendable {
    static let columns = [
        "id", "state", "age", "lane", "tenant", "model", "attempt", "worker", "waits_for", "due", "problem",
    ]

    private var requests: [QueuedRequest] = []
    /// Accounts by room.
    private var accounts: [String: [String]] = [:]
    private(set) var isWhole = true

    /// Adds a shard's requests.
    ///
    /// One that moved while it was listed counts once, as the later reading has it. Lanes are streams of their own, so
    /// that entries of two lanes may have the same ID.
    mutating func add(_ page: QueueListing.Page, rooms: [JobQueue.Room]) {
        var seen: Set<String> = []
        requests += page.rows.reversed().filter { seen.insert("\($0.lane) \($0.entry ?? "delayed \($0.id)")").inserted }
        for room in rooms { accounts[room.name] = RoomAccounts.names(room.spec) }
        isWhole = isWhole && page.isWhole
    }

    /// Running ones first, then the oldest.
    ///
    /// Those that wait for a time have no age, and come last.
    func rows(now: Int64, limit: Int) -> [JSON] {
        requests.sorted { Self.place($0) < Self.place($1) }.prefix(limit).map { row($0, now: now) }
    }

    private static func place(_ request: QueuedRequest) -> (Int, Int64, String) {
        (request.state == .running ? 0 : 1, request.enqueuedAt ?? request.due ?? .max, request.id)
    }

    private func row(_ request: QueuedRequest, now: Int64) -> JSON {
        [
            "id": .string(request.id), "state": .string(request.state.rawValue),
            "age_ms": Self.number(request.enqueuedAt.map { max(0, now.subtractingClamped($0)) }),
            "lane": .string(request.lane.rawValue), "tenant": Self.text(request.tenant),
            "model": Self.text(request.model), "attempt": .int(request.attempts),
            "worker": Self.text(request.worker),
            "waits_for": request.room.map { .array((accounts[$0] ?? []).map { .string($0) }) } ?? .null,
            "due_in_ms": Self.number(request.due.map { max(0, $0.subtractingClamped(now)) }),
            "deadline_at": Self.number(request.deadline), "entry": Self.text(request.entry),
            "problem": Self.text(request.problem),
        ]
    }

    /// With durations in words.
    static func readable(_ row: JSON) -> JSON {
        guard var shown = row.objectValue else { return row }
        shown.set("age", .string(AgeText.of(milliseconds: row["age_ms"]?.intValue.map(Int64.init))))
        shown.set("due", .string(AgeText.of(milliseconds: row["due_in_ms"]?.intValue.map(Int64.init))))
        if row["attempt"] == 0 { shown.set("attempt", .null) }
        return .object(shown)
    }

    private static func text(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }
    private static func number(_ number: Int64?) -> JSON { number.map { .number(JSONNumber($0)) } ?? .null }
}
