import ServiceLifecycle
import Synchronization

/// Collects figures at intervals, but only while somebody asks for them.
///
/// Asking itself waits for nothing and calls no server: it gets what was collected last. When nobody has asked for a
/// while, collecting ends, so that a service that nobody watches costs nothing.
package final class MetricsCollection: Service {
    package struct Collector: Sendable {
        let interval: Duration
        let collect: @Sendable () async -> Void

        package init(every interval: Duration, _ collect: @escaping @Sendable () async -> Void) {
            self.interval = interval
            self.collect = collect
        }
    }

    private let collectors: [Collector]
    /// Time without a question after which collecting ends.
    private let patience: Duration
    private let asked = Mutex<ContinuousClock.Instant?>(nil)
    private let (questions, question) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    package init(_ collectors: [Collector], patience: Duration) {
        self.collectors = collectors
        self.patience = patience
    }

    /// Somebody reads the figures now.
    package func ask() {
        asked.withLock { $0 = .now }
        question.yield()
    }

    package var isWanted: Bool { asked.withLock { $0.map { .now - $0 < patience } ?? false } }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in self.questions {
                await withTaskGroup(of: Void.self) { group in
                    for collector in self.collectors { group.addTask { await self.collect(collector) } }
                    // The first that finds nobody asking ends all, and the next question begins all again.
                    await group.next()
                    group.cancelAll()
                }
            }
        }
    }

    private func collect(_ collector: Collector) async {
        for await _ in every(collector.interval) {
            guard isWanted else { return }
            await collector.collect()
        }
    }
}
