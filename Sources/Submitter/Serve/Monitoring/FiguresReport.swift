import Shared

/// Makes the figures of the service for people, out of this process' metrics and what was read of Redis.
struct FiguresReport: Sendable {
    let registry: MetricsRegistry
    let shim: String
    let clock: any WallClock

    /// `nil`: Redis is away.
    func json(_ figures: ServiceFigures?) -> JSON {
        MetricsReport(registry.readings, figures, shim: shim, now: clock.now).json
    }
}
