/// The routing strategies a request, a model or `DEFAULT_ROUTING_STRATEGY` may name.
package enum RoutingStrategyName: String, Sendable, CaseIterable {
    case priority
}
