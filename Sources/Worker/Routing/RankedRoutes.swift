import Shared

/// The routes of one decision: which may be tried now, in what order, and when others come back.
///
/// Pure. In: candidates, what is known of each route, the strategy. Out: bids for `AccountLimiter`, models in the strategy's order and
/// fallback models after them. Routes whose circuit is open, or whose key or purse was refused a moment ago, are left out, unless nothing
/// else is left and nothing comes back by waiting: then they are tried, since it may have been a blip, and the platform's error says more.
struct RankedRoutes: Sendable {
    /// What the pool knows of an account for a model, now.
    struct Knowledge: Sendable {
        var fitness: HealthRegistry.Fitness
        var load: AccountLoads.Load
        /// Why this worker cannot open the account's key; `nil` where it can.
        var lock: AccountCredentials.Lock?

        init(
            fitness: HealthRegistry.Fitness, load: AccountLoads.Load = .init(), lock: AccountCredentials.Lock? = nil
        ) {
            self.fitness = fitness
            self.load = load
            self.lock = lock
        }
    }

    private(set) var routes: [Route] = []
    /// One per route.
    private(set) var bids: [ReservationCandidate] = []
    /// Until the first account that rests for a limit is back; `nil` where none does.
    private(set) var earliest: Duration?
    /// Why each account that could serve the request is not among the routes, for people.
    private(set) var excluded: [String: String] = [:]
    /// Whether other workers have routes that this one must leave out.
    private(set) var hasLocked = false

    /// Without the routes in `tried`, which failed already; `tokens` says what the request will use on a model.
    init(
        _ candidates: Candidates, strategy: any RoutingStrategy, dice: RoutingDice, cost: ExpectedCost,
        tried: [Route] = [], tokens: (Model) -> Int, knowledge: (Route) -> Knowledge
    ) {
        let primary = candidates.options.map { Entry($0, tried, knowledge) }
        let fallbacks = candidates.fallbacks.map { Entry($0, tried, knowledge) }
        for entry in primary + fallbacks {
            excluded.merge(entry.excluded) { first, _ in first }
            guard let rest = entry.earliest else { continue }
            earliest = min(earliest ?? rest, rest)
        }
        hasLocked = (primary + fallbacks).contains(where: \.hasLocked)
        // One that is well and failed just now is worth more patience than a doubtful one is worth a try.
        let isLastResort = earliest == nil && !hasLocked && !(primary + fallbacks).contains(where: \.hasWell)
        let ordered = Self.ordered(primary, strategy, dice, cost, isLastResort)
        let count = (ordered + fallbacks).reduce(0) { $0 + $1.chosen(isLastResort).count }
        routes.reserveCapacity(count)
        bids.reserveCapacity(count)
        for (group, entry) in (ordered + fallbacks).enumerated() {
            let items = entry.chosen(isLastResort)
            guard let model = items.first?.route.model else { continue }
            let tokens = tokens(model)
            for item in items {
                routes.append(item.route)
                bids.append(
                    ReservationCandidate(
                        route: item.route, group: group, tokens: tokens,
                        factor: Self.factor(item.knowledge.fitness.score), trial: item.trial,
                        isFallback: group >= ordered.count))
            }
        }
    }

    /// The models with usable routes, best first; one alone needs no strategy.
    private static func ordered(
        _ entries: [Entry], _ strategy: any RoutingStrategy, _ dice: RoutingDice, _ cost: ExpectedCost,
        _ isLastResort: Bool
    ) -> [Entry] {
        guard entries.count > 1 else { return entries }
        let standings = entries.compactMap { $0.standing(cost, isLastResort) }
        return strategy.order(standings, dice).compactMap { standing in
            entries.first { $0.model.id == standing.model.id }
        }
    }

    /// Health in steps of a tenth, so that noise does not decide between accounts that are equally well.
    private static func factor(_ score: Double) -> Double { max(0.05, (score * 10 + 0.5).rounded(.down) / 10) }

    /// One model with what is known of its accounts.
    private struct Entry {
        struct Item {
            let route: Route
            let knowledge: Knowledge
            var trial: String? {
                guard case .trial(let name) = knowledge.fitness.use else { return nil }
                return name
            }
        }

        let model: Model
        var usable: [Item] = []
        /// Not disabled, but better left alone.
        var doubtful: [Item] = []
        var earliest: Duration?
        /// Tried ones included.
        var hasWell = false
        var excluded: [String: String] = [:]
        var hasLocked = false

        init(_ option: Candidates.Option, _ tried: [Route], _ knowledge: (Route) -> Knowledge) {
            model = option.model
            usable.reserveCapacity(option.routes.count)
            for route in option.routes {
                let item = Item(route: route, knowledge: knowledge(route))
                if let lock = item.knowledge.lock {
                    hasLocked = hasLocked || lock == .otherMasterKey
                    excluded[route.account.id] = "without a key that can be opened"
                    continue
                }
                let isTried = !tried.isEmpty && tried.contains { $0.key == route.key }
                switch item.knowledge.fitness.use {
                case .ready, .trial:
                    hasWell = true
                    if !isTried { usable.append(item) }
                case .resting(let rest, isForCapacity: true): earliest = min(earliest ?? rest, rest)
                case .open, .resting: if !isTried { doubtful.append(item) }
                case .disabled: excluded[route.account.id] = "disabled"
                }
            }
        }

        func chosen(_ isLastResort: Bool) -> [Item] { isLastResort ? doubtful : usable }

        func standing(_ cost: ExpectedCost, _ isLastResort: Bool) -> Standing? {
            let items = chosen(isLastResort)
            guard !items.isEmpty else { return nil }
            let limits = items.map(\.route.account.concurrency)
            return Standing(
                model: model, cost: cost.on(model), health: items.map(\.knowledge.fitness.score).max() ?? 1,
                firstToken: items.compactMap(\.knowledge.fitness.firstToken).min(),
                headroom: items.map(\.knowledge.load.headroom).max() ?? 1,
                inFlight: items.reduce(0) { $0 + $1.knowledge.load.inFlight },
                capacity: limits.contains(nil) ? nil : limits.compactMap { $0 }.reduce(0, +))
        }
    }
}
