import Shared

/// This worker's copy of the health of all routes, with its own changes that Redis does not have yet.
///
/// Pure. In: own observations, versions that Redis has. Out: health per route, and the changes to write. A route's
/// health is the version of Redis with the pending changes folded in, so that an own change counts at once, and once.
///
///     note, probed, restore     an own change: `true` where it should be written at once
///     beginWriting              the changes to write; versions of their routes that arrive meanwhile are held back
///     endWriting                what was written is the base now; the rest stays pending
///     received, reloaded        versions of others, and echoes of our own
struct HealthReplica: Sendable {
    enum Change: Sendable, Equatable {
        case observed(Observation)
        case restored(onProbation: Bool, at: Int64)
    }

    struct Pending: Sendable, Equatable {
        let route: RouteKey
        let change: Change
    }

    private struct Copy: Sendable {
        /// The base with what is pending.
        var health = RouteHealth()
        /// As Redis had it last.
        var base = RouteHealth()
        /// 0 where Redis has none.
        var version = 0
    }

    private struct Writing: Sendable {
        let routes: Set<RouteKey>
        /// Number of pending changes, from the oldest on, that are being written.
        var count: Int
        /// The newest version of each route that arrived meanwhile.
        var held: [RouteKey: HealthStore.Versioned] = [:]
    }

    let rules: HealthRules
    private var copies: [RouteKey: Copy] = [:]
    private var pending: [Pending] = []
    private var writing: Writing?
    /// Changes of others may have been missed.
    private(set) var isStale = true

    /// More than this waits only while Redis is away.
    ///
    /// The oldest are forgotten.
    private static let maxPending = 10_000

    init(rules: HealthRules) { self.rules = rules }

    /// There is something to read or to write.
    var needsSharing: Bool { isStale || !pending.isEmpty }

    // MARK: - Own changes

    /// Notes what a call said about its route: key and money are the account's, the rest is the route's.
    mutating func note(_ outcome: Observation.Outcome, account: String, model: String, began: Int64, at now: Int64)
        -> Bool
    {
        let change = Change.observed(Observation(outcome, began: began, ended: now))
        let (whole, route) = (RouteKey(account: account), RouteKey(account: account, model: model))
        switch outcome {
        case .nothing: return false
        case .refused, .exhausted: return add(change, to: whole)
        case .failed, .limited: return add(change, to: route)
        case .answered:
            let isUrgent = add(change, to: route)
            // An answer disproves what was held against the account's key or money.
            guard let health = health(whole), health.refusals > 0 || health.reason != nil else { return isUrgent }
            return add(change, to: whole) || isUrgent
        }
    }

    /// Notes what a probe found, which concerns the account as a whole.
    mutating func probed(_ outcome: Observation.Outcome, account: String, began: Int64, at now: Int64) -> Bool {
        let whole = RouteKey(account: account)
        switch outcome {
        // A call that costs nothing does not show that there is money again.
        case .answered where health(whole)?.reason == .quotaExhausted: return false
        // Answered requests show that the platform's path for probes is broken, and not the account.
        case .failed where answersRequests(account, since: now - rules.window.milliseconds): return false
        default: return add(.observed(Observation(outcome, began: began, ended: now)), to: whole)
        }
    }

    /// Takes back what disabled an account.
    mutating func restore(account: String, onProbation: Bool, at now: Int64) -> Bool {
        add(.restored(onProbation: onProbation, at: now), to: RouteKey(account: account))
    }

    /// Returns `true` for all but an answer of a route that was well.
    private mutating func add(_ change: Change, to route: RouteKey) -> Bool {
        let before = copies[route, default: Copy()].health
        copies[route, default: Copy()].health.apply(change, rules)
        pending.append(Pending(route: route, change: change))
        forgetOldest()
        guard case .observed(let observation) = change, case .answered = observation.outcome else { return true }
        return before.openUntil != nil || before.isDisabled
    }

    private mutating func forgetOldest() {
        let excess = pending.count - Self.maxPending
        guard excess > 0 else { return }
        pending.removeFirst(excess)
        if let count = writing?.count { writing?.count = max(0, count - excess) }
    }

    // MARK: - Reading

    func health(_ route: RouteKey) -> RouteHealth? { copies[route]?.health }
    var all: [RouteKey: RouteHealth] { copies.mapValues(\.health) }

    /// At least one of the account's models is in a cool-down.
    func isCoolingDown(_ account: String, at now: Int64) -> Bool {
        copies.contains { $0.key.account == account && $0.value.health.coolDown(at: now) != nil }
    }

    private func answersRequests(_ account: String, since: Int64) -> Bool {
        copies.contains { route, copy in
            route.account == account && route.model != nil
                && copy.health.recent.contains { $0.isAnswer && $0.at >= since }
        }
    }

    // MARK: - Versions of Redis

    mutating func markStale() { isStale = true }

    /// Takes over one version, unless a newer one is known.
    mutating func received(_ route: RouteKey, _ latest: HealthStore.Versioned) {
        if writing?.routes.contains(route) == true {
            if latest.version > writing?.held[route]?.version ?? 0 { writing?.held[route] = latest }
            return
        }
        // A first version is another beginning: Redis had lost the one before.
        guard latest.version > copies[route]?.version ?? 0 || latest.version == 1 else { return }
        setBase(latest, of: route)
    }

    /// Takes over all that Redis has.
    mutating func reloaded(_ all: [RouteKey: HealthStore.Versioned]) {
        // A route that Redis has lost counts from the beginning.
        for (route, copy) in copies where copy.version > all[route]?.version ?? 0 { copies[route]?.version = 0 }
        for (route, latest) in all { received(route, latest) }
        isStale = false
    }

    private mutating func setBase(_ latest: HealthStore.Versioned, of route: RouteKey) {
        copies[route, default: Copy()].version = latest.version
        copies[route, default: Copy()].base = latest.health
        fold(route)
    }

    private mutating func fold(_ route: RouteKey) {
        var health = copies[route, default: Copy()].base
        for item in pending where item.route == route { health.apply(item.change, rules) }
        copies[route, default: Copy()].health = health
    }

    // MARK: - Writing

    /// All pending changes, oldest first.
    ///
    /// `endWriting` ends what begins here.
    mutating func beginWriting() -> [Pending] {
        writing = Writing(routes: Set(pending.map(\.route)), count: pending.count)
        return pending
    }

    /// Ends the write that began last.
    ///
    /// `written` has the routes that Redis took, the others stay pending.
    mutating func endWriting(_ written: [RouteKey: HealthStore.Versioned]) {
        guard let ended = writing else { return }
        writing = nil
        let left = pending.prefix(ended.count).filter { written[$0.route] == nil }
        pending.replaceSubrange(..<ended.count, with: left)
        for (route, latest) in written {
            if latest.version == 1 || latest.version >= copies[route]?.version ?? 0 {
                setBase(latest, of: route)
            } else {
                fold(route)
            }
        }
        for (route, latest) in ended.held { received(route, latest) }
    }
}

extension RouteHealth {
    mutating func apply(_ change: HealthReplica.Change, _ rules: HealthRules) {
        switch change {
        case .observed(let observation): note(observation, rules)
        case .restored(let onProbation, let now): restore(at: now, rules: rules, onProbation: onProbation)
        }
    }
}
