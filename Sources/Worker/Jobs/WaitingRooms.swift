import Shared
import Synchronization

/// Rooms that have waiters, as far as this worker knows, and those of them that are worth a look now.
///
/// In: rooms that `AdmissionService` reads, requests that are parked here, accounts that got capacity back here. A
/// fresh request for an account that others wait for must wait behind them. Knowing it a moment late only costs a
/// place, never correctness.
final class WaitingRooms: Sendable {
    enum Event: Sendable, Equatable {
        /// Time to look at all rooms.
        case tick
        /// This room may have got capacity.
        case poked(String)
    }

    private struct State {
        /// Rooms with waiters, and what they wait for.
        var accounts: [String: RoomSpec] = [:]
        var parkedAt: [String: ContinuousClock.Instant] = [:]
    }

    private let state = Mutex(State())
    /// Rooms of the other shards, which wait for the same accounts.
    private let others = Mutex<[WaitingRooms]>([])
    let events: AsyncStream<Event>
    private let event: AsyncStream<Event>.Continuation

    /// An event that is dropped when nobody reads is found again at the next tick.
    init() { (events, event) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(256)) }

    /// Tells it of the rooms of all shards, once, before anything else.
    ///
    /// They live as long as the process.
    func join(_ all: [WaitingRooms]) { others.withLock { $0 = all.filter { $0 !== self } } }

    var hasAny: Bool { state.withLock { !$0.accounts.isEmpty } }

    /// Somebody waits for the same accounts, in any shard.
    func hasWaiters(_ room: String) -> Bool {
        isKnown(room) || others.withLock { $0 }.contains { $0.isKnown(room) }
    }

    private func isKnown(_ room: String) -> Bool { state.withLock { $0.accounts[room] != nil } }

    func parked(in spec: RoomSpec) {
        state.withLock { state in
            state.accounts[spec.room] = spec
            state.parkedAt[spec.room] = .now
        }
    }

    /// The room is one of the `batch` lane, as far as is known here.
    func isBatch(_ room: String) -> Bool { state.withLock { $0.accounts[room]?.isBatch ?? false } }

    /// A request that was let in found capacity: there may be more.
    func found(in room: String) { event.yield(.poked(room)) }

    /// It turned out to be empty.
    func emptied(_ room: String) { state.withLock { _ = $0.accounts.removeValue(forKey: room) } }

    /// Capacity of an account came back, whichever shard's request had it.
    func freed(_ account: String) {
        for rooms in [self] + others.withLock({ $0 }).shuffled() { rooms.poke(account) }
    }

    private func poke(_ account: String) {
        let rooms = state.withLock { state in state.accounts.filter { $0.value.accounts.contains(account) }.map(\.key) }
        // Shuffled, or the same room would always be first.
        for room in rooms.shuffled() { event.yield(.poked(room)) }
    }

    /// Takes over all rooms as Redis has them since `asked`.
    ///
    /// One that was parked in after that is kept.
    func read(_ rooms: [JobQueue.Room], asked: ContinuousClock.Instant) {
        state.withLock { state in
            let fresh = state.parkedAt.filter { $0.value >= asked }
            var accounts = state.accounts.filter { fresh[$0.key] != nil }
            for room in rooms { accounts[room.name] = state.accounts[room.name] ?? RoomSpec(room.spec) }
            state.accounts = accounts
            state.parkedAt = fresh
        }
    }

    func tick() { event.yield(.tick) }
    func finish() { event.finish() }
}

/// The accounts that the requests of a room wait for.
///
/// The room's name is made of them. Requests of the `batch` lane have rooms of their own: they leave a part of every
/// limit free, so the first of them may have to wait where all others find room.
struct RoomSpec: Sendable, Equatable {
    let accounts: Set<String>
    var isBatch = false

    init(accounts: Set<String>, isBatch: Bool = false) {
        self.accounts = accounts
        self.isBatch = isBatch
    }

    init(_ bytes: [UInt8]) {
        let parts = (try? JSON(parsing: bytes))?.arrayValue ?? []
        accounts = Set(parts.compactMap(\.stringValue))
        isBatch = parts.contains(Self.batchMark)
    }

    /// No name of an account, and ignored by older builds.
    private static let batchMark: JSON = ["lane": "batch"]

    var encoded: [UInt8] {
        JSON.array(accounts.sorted().map { .string($0) } + (isBatch ? [Self.batchMark] : [])).encoded
    }

    /// The room of the same accounts for all other lanes.
    var others: RoomSpec { RoomSpec(accounts: accounts) }

    /// The same for the same accounts, everywhere.
    var room: String { String(encoded.sha256Hex.prefix(32)) }
}
