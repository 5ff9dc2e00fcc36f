import Shared

/// One account as its limits and its health stand (pure).
struct AccountFigures: Sendable, Equatable {
    enum Limit: String, CaseIterable, Sendable { case rpm, tpm, concurrency, quota }

    private typealias Use = (limit: Limit, used: Int64, most: Int64?)

    struct Headroom: Sendable, Equatable {
        let limit: Limit
        /// The share of it that is left, from 0 to 1.
        let share: Double
    }

    let id: String
    let provider: Provider
    let state: AccountState
    /// Time until it is used again.
    let coolDown: Duration
    let running: Int
    /// Requests in rooms that it would serve.
    let waiting: Int
    /// Of the limits that it has.
    let headroom: [Headroom]
    /// Requests that it could begin now, or `nil` for any number.
    let room: Int?

    init(_ reading: PoolReader.Reading, waiting: Int, at now: Int64) {
        let account = reading.account
        id = account.id
        provider = account.provider
        state = AccountState(reading, at: now)
        coolDown = state == .resting ? Self.coolDown(reading, now) : .zero
        running = reading.running
        self.waiting = waiting
        let uses: [Use] = [
            (.rpm, reading.requests, account.requestsPerMinute.map(Int64.init)),
            (.tpm, reading.tokens, account.tokensPerMinute.map(Int64.init)),
            (.concurrency, Int64(reading.running), account.concurrency.map(Int64.init)),
            (.quota, reading.quotaUsed ?? 0, account.quotaLimit),
        ]
        headroom = uses.compactMap { name, used, limit in
            limit.map { Headroom(limit: name, share: Self.share(used, of: $0)) }
        }
        room = state == .ok ? Self.room(uses) : 0
    }

    /// A limit of 0 leaves nothing.
    private static func share(_ used: Int64, of limit: Int64) -> Double {
        limit > 0 ? (1 - Double(used) / Double(limit)).clamped(to: 0...1) : 0
    }

    /// Tokens are known only by request: while any are left, they bound nothing.
    private static func room(_ uses: [Use]) -> Int? {
        let rooms = uses.compactMap { limit, used, most -> Int64? in
            guard let most else { return nil }
            let left = max(0, most.subtractingClamped(used))
            return limit == .rpm || limit == .concurrency || left == 0 ? left : nil
        }
        return rooms.min().map { Int($0) }
    }

    /// The account's own, or that of the model that is back first.
    private static func coolDown(_ reading: PoolReader.Reading, _ now: Int64) -> Duration {
        reading.whole?.coolDown(at: now) ?? reading.models.values.compactMap { $0.coolDown(at: now) }.min() ?? .zero
    }

    /// Requests in rooms by account.
    ///
    /// One that several accounts may serve counts for each.
    static func waiting(in rooms: [JobQueue.Room]) -> [String: Int] {
        rooms.reduce(into: [:]) { waiting, room in
            for account in RoomAccounts.names(room.spec) {
                waiting[account] = (waiting[account] ?? 0).addingClamped(room.count)
            }
        }
    }
}
