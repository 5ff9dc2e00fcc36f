extension MetricsRegistry {
    /// Adds what every process says of itself.
    ///
    /// Called once, at its start.
    package func describe(process: String, isRedisUp: @escaping @Sendable () -> Bool) {
        let figures = ProcessFigures()
        add {
            figures.readings + [
                MetricReading(.build, [([Build.version, process], 1)]),
                MetricReading(.dependencyUp, [(["redis"], isRedisUp() ? 1 : 0)]),
            ]
        }
    }
}
