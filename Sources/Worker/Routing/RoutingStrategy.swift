import Shared

/// The order in which fitting models are tried.
///
/// Pure: no I/O, no clock, no `await`, and the same dice give the same order. A new strategy is one file here and one
/// case in `RoutingStrategyName`. The `switch` below then refuses to compile without it (docs/adding-a-strategy.md).
protocol RoutingStrategy: Sendable {
    /// All of `standings`, each once, best first.
    func order(_ standings: [Standing], _ dice: RoutingDice) -> [Standing]

    /// True for a strategy that needs headroom and running requests.
    ///
    /// Else every headroom is 1 and nothing runs, since reading them costs Redis' time.
    var looksAtLoads: Bool { get }
}

extension RoutingStrategy {
    var looksAtLoads: Bool { false }
}

extension RoutingStrategyName {
    var strategy: any RoutingStrategy {
        switch self {
        case .priority: PriorityStrategy()
        case .costBased: CostStrategy()
        case .roundRobin: RoundRobinStrategy()
        case .weighted: WeightedStrategy()
        case .healthBased: HealthStrategy()
        case .latencyBased: LatencyStrategy()
        case .leastBusy: LeastBusyStrategy()
        case .adaptive: AdaptiveStrategy()
        }
    }
}
