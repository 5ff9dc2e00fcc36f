import Shared
import Synchronization

/// Collects the reasons why this process wants no requests now.
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

    /// Conditions that some installations have, and others do without.
    struct Needs: Sendable {
        var workers = true
        var durableRedis = false

        init() {}

        init(_ settings: inout Settings) {
            workers = !settings.bool(
                "READY_WITHOUT_WORKERS", default: false,
                "`/ready` stays 200 while no worker is alive: requests are taken and wait.")
        }
    }

    init(queues: JobQueues, gauges: QueueGauges, models: any ModelLookup, needs: Needs) {
        self.queues = queues
        self.gauges = gauges
        self.models = models
        self.needs = needs
    }

    /// Number of workers that are alive, or `nil` until Redis was asked.
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
