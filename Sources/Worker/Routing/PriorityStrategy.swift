import Shared

/// `priority`: the highest `priority` first, ties by the higher `weight`, then by id, so that the order never flickers.
package struct PriorityStrategy: RoutingStrategy {
    package init() {}

    package func order(_ models: [Model]) -> [Model] {
        models.sorted { ($1.priority, $1.weight, $0.id) < ($0.priority, $0.weight, $1.id) }
    }
}
