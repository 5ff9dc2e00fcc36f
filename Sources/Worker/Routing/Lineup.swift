import Shared

/// The routes of one decision: which may be tried now, in what order, and when others come back.
///
/// Pure. In: candidates, what is known of each route, the strategy. Out: bids for `AccountLimiter`, models in the strategy's order and
/// fallback models after them. Routes whose circuit is open are left out, unless nothing else is left but people's repair: then
/// the error of the platform says more than waiting.
struct Lineup: Sendable {
    /// What the pool knows of an account for a model, now.
    struct Knowledge: Sendable {
        var fitness: HealthBoard.Fitness
        var load: AccountLoads.Load

        init(fitness: HealthBoard.Fitness, load: AccountLoads.Load = .init()) {
            self.fitness = fitness
            self.load = load
        }
    }

    private(set) var routes: [Route] = []
    /// One per route.
    private(set) var bids: [Bid] = []
    /// Until the first account that rests for a limit is back; `nil` where none does.
    private(set) var earliest: Duration?

    /// Without the routes in `tried`, which failed already; `tokens` says what the request will use on a model.
    init(
        _ candidates: Candidates, strategy: any RoutingStrategy, dice: RoutingDice, cost: ExpectedCost,
        tried: [Route] = [], tokens: (Model) -> Int, knowledge: (Route) -> Knowledge
    ) {
        let primary = candidates.options.map { Entry($0, tried, knowledge) }
        let fallbacks = candidates.fallbacks.map { Entry($0, tried, knowledge) }
        earliest = (primary + fallbacks).compactMap(\.earliest).min()
        let isLastResort = earliest == nil && !(primary + fallbacks).contains { !$0.usable.isEmpty }
        let standings = primary.compactMap { $0.standing(cost, isLastResort) }
        let entries = Dictionary(uniqueKeysWithValues: primary.map { ($0.model.id, $0) })
        let ordered = strategy.order(standings, dice).compactMap { entries[$0.model.id] }
        for (group, entry) in (ordered + fallbacks).enumerated() {
            for item in entry.chosen(isLastResort) {
                routes.append(item.route)
                bids.append(
                    Bid(
                        account: item.route.account, group: group, tokens: tokens(item.route.model),
                        factor: Self.factor(item.knowledge.fitness.score), trial: item.trial))
            }
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
        var open: [Item] = []
        var earliest: Duration?

        init(_ option: Candidates.Option, _ tried: [Route], _ knowledge: (Route) -> Knowledge) {
            model = option.model
            for account in option.accounts {
                let route = Route(model: option.model, account: account)
                let item = Item(route: route, knowledge: knowledge(route))
                let isTried = tried.contains { $0.model.id == model.id && $0.account.id == account.id }
                switch item.knowledge.fitness.use {
                case .ready, .trial: if !isTried { usable.append(item) }
                case .open: if !isTried { open.append(item) }
                case .resting(let rest, let isForCapacity):
                    if isForCapacity { earliest = min(earliest ?? rest, rest) }
                case .disabled: break
                }
            }
        }

        func chosen(_ isLastResort: Bool) -> [Item] { isLastResort ? open : usable }

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
