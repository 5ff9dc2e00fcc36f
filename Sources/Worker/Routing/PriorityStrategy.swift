import Shared

/// `priority`: the highest `priority` first, ties by the higher `weight`, then by id, so that the order never flickers.
struct PriorityStrategy: RoutingStrategy {
    init() {}

    func order(_ models: [Model]) -> [Model] {
        models.sorted { ($1.priority, $1.weight, $0.id) < ($0.priority, $0.weight, $1.id) }
    }
}
