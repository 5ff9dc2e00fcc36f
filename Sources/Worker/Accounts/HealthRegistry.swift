import Logging
import ServiceLifecycle
import Shared
import Synchronization

/// What this worker knows of the health of all routes: its own observations at once, everybody else's within a moment.
///
/// In: observations. Out: whether a route may be used, without waiting. Failures go to Redis at once, answers gathered over half a
/// second; what other workers find arrives by `received`. While Redis is away each worker judges by what it sees itself.
final class HealthRegistry: Service, Sendable {
    /// Whether an account may be used for a model, and how well it does.
    struct Fitness: Sendable, Equatable {
        enum Use: Sendable, Equatable {
            case ready
            /// The circuit is half open: one request may try, named so.
            case trial(String)
            /// The circuit is open.
            case open
            case resting(Duration, isForCapacity: Bool)
            case disabled
        }

        var use: Use
        /// 0…1.
        var score: Double
        /// Seconds to the first token, moving average; `nil` until something was answered.
        var firstToken: Double?
    }

    private enum Change: Sendable {
        case observed(Observation)
        case restored(onProbation: Bool, at: Int64)
    }

    private struct State {
        var known: [RouteKey: RouteHealth] = [:]
        var versions: [RouteKey: Int] = [:]
        /// As Redis had it last, without what is pending.
        var bases: [RouteKey: RouteHealth] = [:]
        /// Not yet in Redis.
        var pending: [(route: RouteKey, change: Change)] = []
        var isStale = true
        /// Routes that are being written: whether what comes of them holds what is pending is known when that is over.
        var writing: Set<RouteKey> = []
        var held: [RouteKey: HealthStore.Versioned] = [:]
    }

    let rules: HealthRules
    let store: HealthStore
    private let clock: any WallClock
    private let logger: Logger
    private let state = Mutex(State())
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    /// Chosen: an answer changes little, and a thousand of them a second must not be a thousand writes.
    private static let gathering = Duration.milliseconds(500)
    /// More than this waits only while Redis is away; the oldest are forgotten.
    private static let most = 10_000

    init(rules: HealthRules, store: HealthStore, clock: any WallClock = SystemWallClock(), logger: Logger) {
        self.rules = rules
        self.store = store
        self.clock = clock
        self.logger = logger
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: - Noting

    /// What a call said about its route: key and money are the account's, the rest is the route's.
    func note(_ outcome: Observation.Outcome, account: String, model: String, began: Int64) {
        let observation = Observation(outcome, began: began, ended: clock.now)
        switch outcome {
        case .nothing: return
        case .refused, .exhausted: add(RouteKey(account: account), .observed(observation))
        case .answered:
            add(RouteKey(account: account, model: model), .observed(observation))
            // Whatever was held against the key or the purse is disproved.
            if health(RouteKey(account: account)).map({ $0.refusals > 0 || $0.reason != nil }) ?? false {
                add(RouteKey(account: account), .observed(observation))
            }
        case .failed, .limited: add(RouteKey(account: account, model: model), .observed(observation))
        }
    }

    /// What a probe found; it concerns the account as a whole.
    func probed(_ outcome: Observation.Outcome, account: String, began: Int64) {
        switch outcome {
        // A call that costs nothing does not show that there is money again.
        case .answered where health(RouteKey(account: account))?.reason == .quotaExhausted: return
        // Where requests are answered, what the platform has for probes is broken, and not the account.
        case .failed where answersRequests(account): return
        default: break
        }
        add(RouteKey(account: account), .observed(Observation(outcome, began: began, ended: clock.now)))
    }

    private func answersRequests(_ account: String) -> Bool {
        let since = clock.now - rules.window.milliseconds
        return state.withLock { state in
            state.known.contains { route, health in
                route.account == account && route.model != nil
                    && health.recent.contains { $0.isAnswer && $0.at >= since }
            }
        }
    }

    /// Takes back what disabled an account.
    func restore(account: String, onProbation: Bool) {
        add(RouteKey(account: account), .restored(onProbation: onProbation, at: clock.now))
    }

    private func add(_ route: RouteKey, _ change: Change) {
        let isUrgent = state.withLock { state in
            let before = state.known[route] ?? RouteHealth()
            var health = before
            Self.apply(change, to: &health, rules)
            state.known[route] = health
            state.pending.append((route, change))
            if state.pending.count > Self.most { state.pending.removeFirst(state.pending.count - Self.most) }
            if case .observed(let observation) = change, case .answered = observation.outcome {
                return before.openUntil != nil || before.isDisabled
            }
            return true
        }
        if isUrgent { wake.yield() }
    }

    private static func apply(_ change: Change, to health: inout RouteHealth, _ rules: HealthRules) {
        switch change {
        case .observed(let observation): health.note(observation, rules)
        case .restored(let onProbation, let now): health.restore(at: now, rules: rules, onProbation: onProbation)
        }
    }

    // MARK: - Reading

    func fitness(of route: Route) -> Fitness {
        let (whole, own) = state.withLock { ($0.known[route.accountKey], $0.known[route.key]) }
        if whole == nil, own == nil { return Fitness(use: .ready, score: 1) }
        return Fitness(
            use: Self.use(whole, own, route, clock.now),
            score: min(whole?.score(rules) ?? 1, own?.score(rules) ?? 1), firstToken: own?.firstToken)
    }

    private static func use(
        _ whole: RouteHealth?, _ own: RouteHealth?, _ route: Route, _ now: Int64
    ) -> Fitness.Use {
        if whole?.isDisabled == true { return .disabled }
        switch (whole?.rest(at: now), own?.rest(at: now)) {
        case (let rest?, nil): return .resting(rest, isForCapacity: whole?.isForCapacity ?? true)
        case (nil, let rest?): return .resting(rest, isForCapacity: own?.isForCapacity ?? true)
        case (let one?, let other?):
            return .resting(
                max(one, other), isForCapacity: whole?.isForCapacity ?? true && own?.isForCapacity ?? true)
        case (nil, nil): break
        }
        let (account, model) = (whole?.circuit(at: now) ?? .closed, own?.circuit(at: now) ?? .closed)
        if account == .open || model == .open { return .open }
        // One trial of whatever is half open: the account as a whole, or this route.
        if account == .halfOpen { return .trial(route.accountKey.text) }
        if model == .halfOpen { return .trial(route.key.text) }
        return .ready
    }

    /// Whether any of the account's models rests.
    func rests(_ account: String) -> Bool {
        let now = clock.now
        return state.withLock { $0.known.contains { $0.key.account == account && $0.value.rest(at: now) != nil } }
    }

    func health(_ route: RouteKey) -> RouteHealth? { state.withLock { $0.known[route] } }
    var all: [RouteKey: RouteHealth] { state.withLock { $0.known } }

    // MARK: - Sharing

    /// A message of the health channel: another worker's change, or the echo of an own one.
    func received(_ payload: [UInt8]) {
        guard let (route, latest) = HealthStore.decode(payload) else { return }
        state.withLock { Self.take(route, latest, &$0, rules) }
    }

    /// The subscription stands (again): changes may have been missed.
    func missed() {
        state.withLock { $0.isStale = true }
        wake.yield()
    }

    private static func take(
        _ route: RouteKey, _ latest: HealthStore.Versioned, _ state: inout State, _ rules: HealthRules
    ) {
        guard !state.writing.contains(route) else {
            if latest.version > state.held[route]?.version ?? 0 { state.held[route] = latest }
            return
        }
        // A first version is another beginning: Redis had lost the one before.
        guard latest.version > state.versions[route, default: 0] || latest.version == 1 else { return }
        state.versions[route] = latest.version
        state.bases[route] = latest.health
        Self.fold(route, &state, rules)
    }

    private static func fold(_ route: RouteKey, _ state: inout State, _ rules: HealthRules) {
        var health = state.bases[route] ?? RouteHealth()
        for pending in state.pending where pending.route == route { apply(pending.change, to: &health, rules) }
        state.known[route] = health
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
        while !Task.isCancelled {
            do { try await Task.sleep(for: Self.gathering) } catch { return }
            if state.withLock({ $0.isStale || !$0.pending.isEmpty }) { wake.yield() }
        }
    }

    private func share() async {
        do throws(RedisError) {
            try await reload()
            try await flush()
        } catch {
            logger.debug("health is not shared for now", metadata: ["error": "\(error)"])
        }
    }

    private func reload() async throws(RedisError) {
        guard state.withLock({ $0.isStale }) else { return }
        let all = try await store.all()
        state.withLock { state in
            // What Redis has lost counts from the beginning.
            state.versions = state.versions.filter { route, version in all[route].map { $0.version >= version } ?? false
            }
            for (route, latest) in all { Self.take(route, latest, &state, rules) }
            state.isStale = false
        }
    }

    /// Reads, folds and writes, again for what others changed meanwhile.
    private func flush() async throws(RedisError) {
        let pending = state.withLock { state in
            state.writing = Set(state.pending.map(\.route))
            return state.pending
        }
        guard !pending.isEmpty else { return }
        var written: [RouteKey: HealthStore.Versioned] = [:]
        do throws(RedisError) { try await write(pending, &written) } catch {
            settle(pending.count, written)
            throw error
        }
        settle(pending.count, written)
    }

    private func write(
        _ pending: [(route: RouteKey, change: Change)], _ written: inout [RouteKey: HealthStore.Versioned]
    ) async throws(RedisError) {
        var work = Dictionary(grouping: pending, by: \.route)
        while !work.isEmpty {
            let routes = work.keys.sorted()
            let changes = zip(routes, try await store.read(routes)).map { route, read in
                var health = read.health
                for item in work[route] ?? [] { Self.apply(item.change, to: &health, rules) }
                return (route: route, read: read, now: health)
            }
            let lost = Set(try await store.write(changes))
            for change in changes where !lost.contains(change.route) {
                written[change.route] = .init(version: change.read.version + 1, health: change.now)
            }
            work = work.filter { lost.contains($0.key) }
        }
    }

    /// What was written is no longer pending; what came of the same routes meanwhile is looked at now.
    private func settle(_ count: Int, _ written: [RouteKey: HealthStore.Versioned]) {
        state.withLock { state in
            let rest = state.pending.prefix(count).filter { written[$0.route] == nil }
            state.pending.replaceSubrange(..<min(count, state.pending.count), with: rest)
            for (route, latest) in written {
                if latest.version == 1 || latest.version >= state.versions[route, default: 0] {
                    state.versions[route] = latest.version
                    state.bases[route] = latest.health
                }
                Self.fold(route, &state, rules)
            }
            let held = state.held
            (state.writing, state.held) = ([], [:])
            for (route, latest) in held { Self.take(route, latest, &state, rules) }
        }
    }
}
