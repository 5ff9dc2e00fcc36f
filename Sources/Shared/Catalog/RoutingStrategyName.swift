/// The routing strategies that a request, a model or `DEFAULT_ROUTING_STRATEGY` may name (docs/routing.md).
package enum RoutingStrategyName: String, Sendable, CaseIterable {
    case priority
    case costBased = "cost_based"
    case roundRobin = "round_robin"
    case weighted
    case healthBased = "health_based"
    case latencyBased = "latency_based"
    case leastBusy = "least_busy"
    case adaptive
}
