import Shared

/// The routes of one decision: which may be tried now, in what order, and when others come back.
///
/// Pure. In: candidates, the state of each route, the strategy. Out: models in the strategy's order and fallback models
/// after them, as `AccountLimiter` takes them. Routes whose circuit is open, or whose account was refused a moment ago,
/// are left out. Where nothing else is left and nothing comes back by waiting they are tried: the refusal may have been
/// a blip, and the platform's error says more.
struct RankedRoutes: Sendable {
    private(set) var routes: [Route] = []
    /// One per route.
    private(set) var candidates: [ReservationCandidate] = []
    /// Until the first account in a cool-down for a limit is back, or `nil` where there is none.
    private(set) var earliest: Duration?
    /// State of each account that could serve the request and is not among the routes, for people.
    private(set) var excluded: [String: String] = [:]
    /// Other workers have routes that this one must leave out.
    private(set) var hasLocked = false

    /// Leaves out the routes in `tried`, which failed already.
    ///
    /// `tokens` says what the request will use on a model.
    init(
        _ fitting: Candidates, strategy: any RoutingStrategy, dice: RoutingDice, cost: ExpectedCost,
        tried: [Route] = [], tokens: (Model) -> Int, knowledge: (Route) -> RouteKnowledge
    ) {
        let primary = fitting.options.map { RankedOption($0, tried, knowledge) }
        let fallbacks = fitting.fallbacks.map { RankedOption($0, tried, knowledge) }
        for option in primary + fallbacks {
            excluded.merge(option.excluded) { first, _ in first }
            guard let back = option.earliest else { continue }
            earliest = min(earliest ?? back, back)
        }
        hasLocked = (primary + fallbacks).contains(where: \.hasLocked)
        // A healthy route that failed just now is waited for, rather than that a doubtful one is tried.
        let isLastResort = earliest == nil && !hasLocked && !(primary + fallbacks).contains(where: \.hasWell)
        let ordered = Self.ordered(primary, strategy, dice, cost, isLastResort)
        let count = (ordered + fallbacks).reduce(0) { $0 + $1.chosen(isLastResort).count }
        routes.reserveCapacity(count)
        candidates.reserveCapacity(count)
        for (group, option) in (ordered + fallbacks).enumerated() {
            let items = option.chosen(isLastResort)
            guard let model = items.first?.route.model else { continue }
            let tokens = tokens(model)
            for item in items {
                routes.append(item.route)
                candidates.append(
                    ReservationCandidate(
                        route: item.route, group: group, tokens: tokens,
                        factor: Self.factor(item.knowledge.fitness.score), trial: item.trial,
                        isFallback: group >= ordered.count))
            }
        }
    }

    /// The models with usable routes, best first.
    ///
    /// One alone needs no strategy.
    private static func ordered(
        _ options: [RankedOption], _ strategy: any RoutingStrategy, _ dice: RoutingDice, _ cost: ExpectedCost,
        _ isLastResort: Bool
    ) -> [RankedOption] {
        guard options.count > 1 else { return options }
        let standings = options.compactMap { $0.standing(cost, isLastResort) }
        return strategy.order(standings, dice).compactMap { standing in
            options.first { $0.model.id == standing.model.id }
        }
    }

    /// Health in steps of a tenth, so that noise does not decide between accounts that are equally well.
    private static func factor(_ score: Double) -> Double { max(0.05, (score * 10 + 0.5).rounded(.down) / 10) }

    /// One model with the state of its accounts.
    private struct RankedOption {
        struct Item {
            let route: Route
            let knowledge: RouteKnowledge
            var trial: String? {
                guard case .trial(let name) = knowledge.fitness.use else { return nil }
                return name
            }
        }

        let model: Model
        var usable: [Item] = []
        /// Not disabled, but used as a last resort only.
        var doubtful: [Item] = []
        var earliest: Duration?
        /// Tried ones included.
        var hasWell = false
        var excluded: [String: String] = [:]
        var hasLocked = false

        init(_ option: Candidates.Option, _ tried: [Route], _ knowledge: (Route) -> RouteKnowledge) {
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
                case .coolDown(let left, isForCapacity: true): earliest = min(earliest ?? left, left)
                case .open, .coolDown: if !isTried { doubtful.append(item) }
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
