import Logging
import Shared
import Synchronization

/// Keeps the latest figures of the whole service, for scrapes and for the routes that show them.
///
/// A scrape reads what is kept and never waits. While Redis is away the last figures stay, and the time of the last
/// success tells their age, until they are older than anybody should see.
final class FiguresCollector: Sendable {
    private let reader: FiguresReader
    private let settings: MonitoringSettings
    private let logger: Logger
    private let latest = Mutex<ServiceFigures?>(nil)

    init(_ reader: FiguresReader, _ settings: MonitoringSettings, logger: Logger) {
        self.reader = reader
        self.settings = settings
        self.logger = logger
    }

    /// Returns the figures, or `nil` while Redis is away.
    func collect() async -> ServiceFigures? {
        do throws(RedisError) { return try await read() } catch {
            logger.debug("the service's figures cannot be read", metadata: [LogKey.error: "\(error)"])
            return nil
        }
    }

    /// Figures that are no older than `age`, read now where there are none.
    func figures(within age: Duration) async throws(RedisError) -> ServiceFigures {
        if let latest = latest.withLock({ $0 }), isYounger(latest, than: age) { return latest }
        return try await read()
    }

    private func read() async throws(RedisError) -> ServiceFigures {
        let figures = try await reader.read()
        latest.withLock { $0 = figures }
        return figures
    }

    /// The figures as metrics.
    var readings: [MetricReading] {
        guard let latest = latest.withLock({ $0 }) else { return [] }
        let success = MetricReading(.collected, Double(latest.at) / 1000)
        return isYounger(latest, than: settings.patience) ? latest.readings(settings.scaling) + [success] : [success]
    }

    private func isYounger(_ figures: ServiceFigures, than age: Duration) -> Bool {
        reader.clock.now.subtractingClamped(figures.at) < age.milliseconds
    }
}
