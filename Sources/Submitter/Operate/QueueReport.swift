import Shared

/// The depth of the queue, all shards together, for people and as JSON (pure).
struct QueueReport {
    /// One shard as it was read.
    struct Shard: Sendable {
        let overview: QueueOverview
        var rooms: [JobQueue.Room] = []
        /// Requests in rooms by lane, `nil` where there are too many to count.
        var parked: [Lane: Int]? = [:]
        /// By worker.
        var cards: [String: WorkerCard] = [:]
    }

    let shards: [Shard]

    var json: JSON {
        [
            "at": .number(JSONNumber(shards.map(\.overview.now).max() ?? 0)), "shards": .int(shards.count),
            "lanes": .array(lanes), "delayed": sum(\.overview.delayed), "outbox": sum(\.overview.outbox),
            "dead_letters": sum(\.overview.dead), "waiting_for_capacity": .array(rooms), "workers": .array(workers),
        ]
    }

    /// Tables and a line of sums.
    ///
    /// `width` is the terminal's, `nil` for no limit.
    func text(width: Int?) -> String {
        let counts = ["delayed", "outbox", "dead_letters"].map { "\($0.replacing("_", with: " ")) \(number($0))" }
        let line = counts.joined(separator: ", ") + "\n"
        let lanes = AdminTable(
            columns: ["lane", "waiting", "unclaimed", "running", "oldest"], rows: lanes.map(Self.readable))
        var parts = [lanes.text(width: width), width.map { TerminalText.cut(line, to: $0) } ?? line]
        if !rooms.isEmpty {
            let table = AdminTable(columns: ["waiting_for", "waiting", "due"], rows: rooms.map(Self.readable))
            parts.append("\n" + table.text(width: width))
        }
        let table = AdminTable(columns: ["worker", "state", "running", "slots"], rows: workers)
        parts.append("\n" + (workers.isEmpty ? "no worker is alive\n" : table.text(width: width)))
        return parts.joined()
    }

    private func number(_ name: String) -> Int { json[name]?.intValue ?? 0 }

    private func sum(_ count: (Shard) -> Int) -> JSON { .int(shards.reduce(0) { $0.addingClamped(count($1)) }) }

    // MARK: - Lanes

    private var lanes: [JSON] { Lane.allCases.map(depth) }

    private func depth(_ lane: Lane) -> JSON {
        let own = shards.map { shard in (shard, shard.overview.lanes.first { $0.lane == lane }) }
        func sum(_ count: (QueueOverview.LaneDepth) -> Int) -> Int {
            own.reduce(0) { $0.addingClamped($1.1.map(count) ?? 0) }
        }
        let ages = own.compactMap { shard, depth in depth?.oldest.map { max(0, shard.overview.now - $0) } }
        let isCounted = shards.allSatisfy { $0.parked != nil }
        let parked = shards.reduce(0) { $0.addingClamped($1.parked?[lane] ?? 0) }
        return [
            "lane": .string(lane.rawValue), "waiting": .int(sum(\.waiting)),
            "unclaimed": isCounted ? .int(max(0, sum(\.waiting) - parked)) : .null, "running": .int(sum(\.running)),
            "oldest_ms": ages.max().map { .number(JSONNumber($0)) } ?? .null,
        ]
    }

    // MARK: - Rooms

    /// One row per set of accounts, the fullest first.
    private var rooms: [JSON] {
        var sums: [String: (accounts: [String], count: Int, due: Int64)] = [:]
        for shard in shards {
            for room in shard.rooms {
                let due = max(0, room.due.subtractingClamped(shard.overview.now))
                let before = sums[room.name]
                sums[room.name] = (
                    before?.accounts ?? RoomAccounts.names(room.spec),
                    (before?.count ?? 0).addingClamped(room.count), min(before?.due ?? due, due)
                )
            }
        }
        return sums.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.map { name, room in
            [
                "room": .string(name.clipped(toBytes: 64)), "accounts": .array(room.accounts.map { .string($0) }),
                "waiting": .int(room.count), "due_in_ms": .number(JSONNumber(room.due)),
            ]
        }
    }

    // MARK: - Workers

    /// Live ones by name, then those that hold requests without a heartbeat: another worker is about to take them over.
    private var workers: [JSON] {
        let alive = Set(shards.flatMap(\.overview.workers))
        var held: [String: Int] = [:]
        for (name, count) in shards.flatMap(\.overview.lanes).flatMap(\.held) {
            held[name] = (held[name] ?? 0).addingClamped(count)
        }
        let silent = held.filter { $0.value > 0 && !alive.contains($0.key) }.keys.sorted()
        return alive.sorted().map { worker($0, "alive", held[$0] ?? 0) }
            + silent.map { worker($0, "silent", held[$0] ?? 0) }
    }

    private func worker(_ name: String, _ state: String, _ held: Int) -> JSON {
        let cards = shards.compactMap { $0.cards[name] }
        let jobs = cards.compactMap(\.jobs)
        let running = jobs.isEmpty ? held : jobs.reduce(0) { $0.addingClamped($1) }
        return [
            "worker": .string(name), "state": .string(state), "running": .int(running),
            "slots": cards.compactMap(\.slots).max().map { .int($0) } ?? .null,
        ]
    }

    /// With ages in words, and accounts as the reason of waiting.
    private static func readable(_ row: JSON) -> JSON {
        guard var shown = row.objectValue else { return row }
        shown.set("oldest", .string(AgeText.of(milliseconds: row["oldest_ms"]?.intValue.map(Int64.init))))
        shown.set("due", .string(AgeText.of(milliseconds: row["due_in_ms"]?.intValue.map(Int64.init))))
        shown.set("waiting_for", row["accounts"] ?? .null)
        return .object(shown)
    }
}
