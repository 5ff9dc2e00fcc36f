import HTTPTypes
import Hummingbird
import Shared
import Synchronization

/// `GET /live` answers as long as the process does; `GET /ready` says whether it can take work, else 503 with the reasons.
struct HealthRoutes: Sendable {
    let readiness: Readiness

    func add(to table: inout RouteTable) {
        table.on(.get, "/live") { _, _ in .json(["status": "ok"]) }
        table.on(.get, "/ready") { _, _ in
            let problems = readiness.problems
            return .json(
                [
                    "status": problems.isEmpty ? "ok" : "unavailable",
                    "workers": readiness.workers.map { .int($0) } ?? .null,
                    "problems": .array(problems.map { .string($0) }),
                ], status: problems.isEmpty ? .ok : .serviceUnavailable)
        }
    }
}

/// What must be there before this process wants requests.
final class Readiness: Sendable {
    private struct State {
        var isSubscribed = false
        var isDraining = false
    }

    private let queues: JobQueues
    private let gauges: QueueGauges
    private let models: any ModelLookup
    private let needs: Needs
    private let state = Mutex(State())

    /// What some installations want, and others do without.
    struct Needs: Sendable {
        var workers = true
        var durableRedis = false
    }

    init(queues: JobQueues, gauges: QueueGauges, models: any ModelLookup, needs: Needs) {
        self.queues = queues
        self.gauges = gauges
        self.models = models
        self.needs = needs
    }

    /// How many are alive; `nil` until Redis was asked.
    var workers: Int? { gauges.workers }

    func subscribed() { state.withLock { $0.isSubscribed = true } }
    func drain() { state.withLock { $0.isDraining = true } }
    var isDraining: Bool { state.withLock { $0.isDraining } }

    var problems: [String] {
        var problems: [String] = []
        let state = state.withLock { $0 }
        if state.isDraining { problems.append("shutting down") }
        let away = queues.all.filter { !$0.redis.isConnected }.map(\.keys.shard)
        // Requests go to the shards that are there.
        if away.count == queues.all.count { problems.append("redis: not connected") }
        if !state.isSubscribed { problems.append("redis: not subscribed yet") }
        if gauges.evicts { problems.append("redis: maxmemory-policy must be noeviction") }
        if needs.durableRedis, let complaint = gauges.complaint { problems.append(complaint) }
        if needs.workers, workers == 0 { problems.append("no worker is alive") }
        if models.catalog == nil { problems.append("catalogue: not loaded") }
        return problems
    }
}
