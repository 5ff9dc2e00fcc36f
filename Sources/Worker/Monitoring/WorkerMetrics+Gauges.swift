import Shared

extension WorkerMetrics {
    /// Adds what is read of its owners at the moment of a scrape.
    func add(running: [RunningJobs], slots: Int, isRedisUp: @escaping @Sendable () -> Bool) {
        registry.describe(process: "worker", isRedisUp: isRedisUp)
        registry.add {
            [
                MetricReading(.jobsRunning, running.reduce(0) { $0 + $1.count }), MetricReading(.slots, slots),
            ]
        }
    }
}
