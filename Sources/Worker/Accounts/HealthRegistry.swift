import Logging
import ServiceLifecycle
import Shared
import Synchronization

/// Shares the health of all routes between workers: own observations count at once, those of others within a moment.
///
/// In: observations. Out: whether a route may be used, without waiting. Failures go to Redis at once, answers gathered
/// over a second; findings of other workers arrive by `received`. While Redis is away each worker judges by what
/// it sees itself. `HealthReplica` decides; here are its lock and its I/O.
final class HealthRegistry: Service, Sendable {
    let store: HealthStore
    private let rules: HealthRules
    private let clock: any WallClock
    private let logger: Logger
    private let replica: Mutex<HealthReplica>
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    /// Chosen: an answer changes little, and a thousand of them a second must not be a thousand writes.
    private static let gathering = Duration.seconds(1)

    init(rules: HealthRules, store: HealthStore, clock: any WallClock = SystemWallClock(), logger: Logger) {
        self.store = store
        self.rules = rules
        self.clock = clock
        self.logger = logger
        replica = Mutex(HealthReplica(rules: rules))
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: - Noting

    /// Notes what a call said about its route.
    func note(_ outcome: Observation.Outcome, account: String, model: String, began: Int64) {
        let now = clock.now
        change { $0.note(outcome, account: account, model: model, began: began, at: now) }
    }

    /// Notes what a probe found about an account as a whole.
    func probed(_ outcome: Observation.Outcome, account: String, began: Int64) {
        let now = clock.now
        change { $0.probed(outcome, account: account, began: began, at: now) }
    }

    /// Takes back what disabled an account.
    func restore(account: String, onProbation: Bool) {
        let now = clock.now
        change { $0.restore(account: account, onProbation: onProbation, at: now) }
    }

    private func change(_ change: (inout HealthReplica) -> Bool) {
        if replica.withLock({ change(&$0) }) { wake.yield() }
    }

    // MARK: - Reading

    func fitness(of route: Route) -> RouteFitness {
        let (account, own) = replica.withLock { ($0.health(route.accountKey), $0.health(route.key)) }
        if account == nil, own == nil { return RouteFitness(use: .ready, score: 1) }
        return RouteFitness(of: route, account: account, own: own, rules, at: clock.now)
    }

    /// At least one of the account's models is in a cool-down.
    func isCoolingDown(_ account: String) -> Bool {
        let now = clock.now
        return replica.withLock { $0.isCoolingDown(account, at: now) }
    }

    func health(_ route: RouteKey) -> RouteHealth? { replica.withLock { $0.health(route) } }
    var all: [RouteKey: RouteHealth] { replica.withLock { $0.all } }

    // MARK: - Sharing

    /// A message of the health channel: another worker's change, or the echo of an own one.
    func received(_ payload: [UInt8]) {
        guard let (route, latest) = HealthStore.decode(payload) else { return }
        replica.withLock { $0.received(route, latest) }
    }

    /// The subscription stands (again): changes may have been missed.
    func missed() {
        replica.withLock { $0.markStale() }
        wake.yield()
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.ticks() }
                for await _ in self.wakes { await self.share() }
                group.cancelAll()
            }
        }
    }

    private func ticks() async {
        for await _ in every(Self.gathering, after: Self.gathering) where replica.withLock({ $0.needsSharing }) {
            wake.yield()
        }
    }

    private func share() async {
        do throws(RedisError) {
            try await reload()
            try await flush()
        } catch {
            logger.debug("health is not shared for now", metadata: [LogKey.error: "\(error)"])
        }
    }

    private func reload() async throws(RedisError) {
        guard replica.withLock({ $0.isStale }) else { return }
        let all = try await store.all()
        replica.withLock { $0.reloaded(all) }
    }

    private func flush() async throws(RedisError) {
        let pending = replica.withLock { $0.beginWriting() }
        var written: [RouteKey: HealthStore.Versioned] = [:]
        defer { replica.withLock { $0.endWriting(written) } }
        try await write(pending, &written)
    }

    /// Reads, folds and writes, again for what others changed meanwhile.
    private func write(
        _ pending: [HealthReplica.Pending], _ written: inout [RouteKey: HealthStore.Versioned]
    ) async throws(RedisError) {
        var work = Dictionary(grouping: pending, by: \.route)
        while !work.isEmpty {
            let routes = work.keys.sorted()
            let changes = zip(routes, try await store.read(routes)).map { route, read in
                var health = read.health
                for item in work[route] ?? [] { health.apply(item.change, rules) }
                return (route: route, read: read, now: health)
            }
            let lost = Set(try await store.write(changes))
            for change in changes where !lost.contains(change.route) {
                written[change.route] = .init(version: change.read.version + 1, health: change.now)
            }
            work = work.filter { lost.contains($0.key) }
        }
    }
}
