import Shared

/// The order in which fitting models are tried.
///
/// Pure: no I/O, no clock, no `await`. A new strategy is one file here and one case in `RoutingStrategyName`; the `switch`
/// below then refuses to compile without it.
protocol RoutingStrategy: Sendable {
    /// All of `models`, best first.
    func order(_ models: [Model]) -> [Model]
}

extension RoutingStrategyName {
    var strategy: any RoutingStrategy {
        switch self {
        case .priority: PriorityStrategy()
        }
    }
}
