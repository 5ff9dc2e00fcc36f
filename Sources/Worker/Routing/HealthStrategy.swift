/// `health_based`: the healthiest first.
///
/// Health is compared in whole per cent: below that it is noise, and priority decides.
struct HealthStrategy: RoutingStrategy {
    func order(_ standings: [Standing], _ dice: RoutingDice) -> [Standing] {
        standings.sorted(byLeast: { -($0.health * 100).rounded() })
    }
}
