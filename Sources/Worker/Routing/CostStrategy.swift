/// `cost_based`: the model that is cheapest for this request first, where one without prices is free.
struct CostStrategy: RoutingStrategy {
    func order(_ standings: [Standing], _ dice: RoutingDice) -> [Standing] {
        standings.sorted(byLeast: \.cost)
    }
}
