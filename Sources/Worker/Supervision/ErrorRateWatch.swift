import Shared
import Synchronization

/// Measures the share of requests that end with an error which is not their caller's.
final class ErrorRateWatch: Sendable {
    private let queue: JobQueue
    private let thresholds: AlertThresholds
    private let hysteresis: Double
    private let window: Mutex<ErrorWindow>

    /// Workers' cards of any shard have the sums of all.
    init(_ queue: JobQueue, _ thresholds: AlertThresholds, hysteresis: Double) {
        (self.queue, self.thresholds, self.hysteresis) = (queue, thresholds, hysteresis)
        window = Mutex(ErrorWindow(thresholds.errorWindow))
    }

    var check: AlertCheck {
        AlertCheck(.errorRate, AlertRule(from: thresholds.errorRate, hysteresis: hysteresis)) { _ in
            await self.readings()
        }
    }

    private func readings() async -> [AlertReading]? {
        guard queue.redis.isConnected else { return nil }
        do throws(RedisError) {
            let names = try await queue.heartbeats().expiries.keys.sorted()
            let cards = try await names.isEmpty ? [] : queue.cards(of: names)
            let byWorker = Dictionary(zip(names, cards)) { first, _ in first }
            let count = window.withLock { $0.look(byWorker, at: .now) }
            return count.total >= thresholds.errorLeast ? [reading(count)] : []
        } catch { return nil }
    }

    private func reading(_ count: ErrorWindow.Count) -> AlertReading {
        let percent = Int((count.share * 100).rounded())
        let span = thresholds.errorWindow.components.seconds
        return AlertReading(
            "requests", value: count.share, "\(percent) % of \(count.total) requests failed within \(span) s",
            details: [
                "value": JSONNumber((count.share * 1000).rounded() / 1000).map(JSON.number) ?? .null,
                "requests": .int(count.total), "failed": .int(count.failed),
            ])
    }
}
