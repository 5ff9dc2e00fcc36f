import Shared

/// `round_robin`: each model is first in its turn, and those after it follow in the order of their ids.
///
/// Over `n × k` consecutive turns each of `n` models is first exactly `k` times.
struct RoundRobinStrategy: RoutingStrategy {
    func order(_ standings: [Standing], _ dice: RoutingDice) -> [Standing] {
        guard !standings.isEmpty else { return [] }
        let ring = standings.sorted { $0.model.id < $1.model.id }
        let count = ring.count
        // A counter that wrapped around is negative.
        let first = ((dice.turn % count) + count) % count
        return Array(ring[first...] + ring[..<first])
    }
}
