/// `priority`: the highest `priority` first, ties by the higher `weight`, then by id.
struct PriorityStrategy: RoutingStrategy {
    func order(_ standings: [Standing], _ dice: RoutingDice) -> [Standing] {
        standings.sorted(by: Standing.canonical)
    }
}
