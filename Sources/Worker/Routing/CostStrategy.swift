/// `cost_based`: what is cheapest for this request first; a model without prices is free.
struct CostStrategy: RoutingStrategy {
    func order(_ standings: [Standing], _ dice: RoutingDice) -> [Standing] {
        standings.sorted(byLeast: \.cost)
    }
}
