import CoreMetrics

/// Measures the statements of a process, and notes whether the server answers.
package struct PostgresMetrics: Sendable {
    private let queries: Timer
    private let isUp: Meter

    /// The server counts as away until it has answered once.
    package init(_ registry: MetricsRegistry) {
        queries = registry.timer(.postgresQueries)
        isUp = registry.meter(.dependencyUp, "postgres")
    }

    /// `error` is `nil` where the statement has a result.
    ///
    /// Refusals and full pools say nothing about the server.
    func ended(after duration: Duration, _ error: PostgresError? = nil) {
        queries.record(duration)
        switch error?.code {
        case nil, .constraint, .serializationOrDeadlock, .undefinedTable, .server: isUp.set(1)
        case .unavailable: isUp.set(0)
        case .timeout, .cancelled, .decoding, .poolTimeout, .parameter, .configuration: break
        }
    }
}
