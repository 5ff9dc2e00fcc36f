import Shared

/// The queue of all shards together (pure).
struct QueueFigures: Sendable, Equatable {
    /// One shard as it was read.
    struct Shard: Sendable {
        let overview: QueueOverview
        var rooms: [JobQueue.Room] = []
        /// By worker.
        var cards: [String: WorkerCard] = [:]
    }

    struct LaneFigures: Sendable, Equatable {
        let lane: Lane
        /// Held by no worker, for whatever they wait.
        var waiting = 0
        var running = 0
        /// Age of the oldest that only waits for a worker.
        var oldest = Duration.zero
    }

    private(set) var lanes = Lane.allCases.map { LaneFigures(lane: $0) }
    /// Requests that wait for capacity of accounts.
    private(set) var parked = 0
    /// Requests that wait for a time.
    private(set) var delayed = 0
    private(set) var deadLetters = 0
    private(set) var outbox = 0
    private(set) var outboxAge = Duration.zero
    /// Of live workers.
    private(set) var workers = 0
    private(set) var slots = 0
    /// Sums over live workers since the start of each.
    private(set) var totals = WorkerCard.Totals()

    var waiting: Int { lanes.reduce(0) { $0.addingClamped($1.waiting) } }
    var running: Int { lanes.reduce(0) { $0.addingClamped($1.running) } }
    /// Requests that only wait for a worker: those that wait for accounts are in no worker's hand either.
    var ready: Int { max(0, waiting - parked) }

    init(_ shards: [Shard]) {
        for shard in shards { add(shard) }
        let cards = Dictionary(shards.flatMap(\.cards)) { one, other in one.slots == nil ? other : one }
        let alive = Set(shards.flatMap(\.overview.workers))
        workers = alive.count
        for card in alive.compactMap({ cards[$0] }) {
            slots = slots.addingClamped(card.slots ?? 0)
            totals = totals + (card.totals ?? WorkerCard.Totals())
        }
    }

    private mutating func add(_ shard: Shard) {
        let overview = shard.overview
        for depth in overview.lanes {
            let index = depth.lane.index
            lanes[index].waiting = lanes[index].waiting.addingClamped(depth.waiting)
            lanes[index].running = lanes[index].running.addingClamped(depth.running)
            lanes[index].oldest = max(lanes[index].oldest, overview.age(of: depth.oldestReady))
        }
        parked = shard.rooms.reduce(parked) { $0.addingClamped($1.count) }
        delayed = delayed.addingClamped(overview.delayed)
        deadLetters = deadLetters.addingClamped(overview.dead)
        outbox = outbox.addingClamped(overview.outbox)
        outboxAge = max(outboxAge, overview.age(of: overview.outboxOldest))
    }
}

extension QueueOverview {
    fileprivate func age(of moment: Int64?) -> Duration {
        .milliseconds(max(0, now.subtractingClamped(moment ?? now)))
    }
}
