import Shared

/// Measures the routes that requests can take: open circuits and low health.
struct RouteWatch: Sendable {
    let catalog: LiveCatalog
    let healthRegistry: HealthRegistry
    let rules: HealthRules
    let thresholds: AlertThresholds
    let hysteresis: Double
    let clock: any WallClock

    var checks: [AlertCheck] {
        let health = AlertRule(below: thresholds.healthScore, hysteresis: hysteresis, holds: thresholds.healthAfter)
        return [
            AlertCheck(.circuitOpen, .whileFound()) { _ in circuits },
            AlertCheck(.healthLow, health) { _ in scores },
        ]
    }

    private var circuits: [AlertReading] {
        let now = clock.now
        return live.filter { $1.circuit(at: now) != .closed }.map { route, health in
            let why = health.reason?.rawValue ?? "failures"
            return AlertReading(
                Self.subject(route), "the circuit of \(Self.subject(route)) is open: \(why)",
                details: ["failures": .int(health.failuresInRow), "value": .int(health.failuresInRow)])
        }
    }

    private var scores: [AlertReading] {
        live.map { route, health in
            let score = health.score(rules)
            let shown = JSONNumber((score * 100).rounded() / 100).map(JSON.number) ?? .null
            return AlertReading(
                Self.subject(route), value: score,
                "the health of \(Self.subject(route)) is low: calls fail or take long", details: ["value": shown])
        }
    }

    /// The health of routes that requests can take.
    ///
    /// Health may know of others, which nobody will find well again.
    private var live: [(RouteKey, RouteHealth)] {
        let catalog = catalog.current
        let routes = catalog.models.filter(\.isActive).flatMap { catalog.routes(of: $0) }
        let keys = Set(routes.flatMap { [$0.key, $0.accountKey] })
        return healthRegistry.all.filter { keys.contains($0.key) }.map { ($0.key, $0.value) }
    }

    private static func subject(_ route: RouteKey) -> String {
        route.model.map { "\(route.account)/\($0)" } ?? route.account
    }
}
