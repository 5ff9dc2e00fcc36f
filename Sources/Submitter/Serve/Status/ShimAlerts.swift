import ServiceLifecycle
import Shared

/// Looks at what no worker may be left to tell of: workers, Redis and PostgreSQL.
///
/// Any number of shims and the elected worker look alike: PostgreSQL keeps one alert for all of them.
struct ShimAlerts: Service {
    private let interval: Duration
    private let evaluator: AlertEvaluator
    private let postgres: PostgresWatch
    private let sender: AlertSender?

    /// `redis` is at the accounts' keys, `problem` that with PostgreSQL.
    init(
        _ parts: AlertParts, _ queues: JobQueues, redis: RedisClient, prefix: String, shim: String,
        problem: @escaping @Sendable () async -> String?
    ) {
        let watch = RedisWatch(queues.all, parts.settings)
        let mark = OutageMark(redis: redis, keys: PoolKeys(prefix: prefix), process: shim)
        interval = parts.settings.interval
        evaluator = parts.evaluator(
            WorkerWatch(queues.all, parts.settings).checks + [watch.check, PostgresWatch.check])
        postgres = parts.postgresWatch(
            PostgresWatch.Sources(problem: problem, redis: watch, mark: mark), process: shim)
        sender = parts.sender { true }
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await repeating { await evaluator.look() } }
            group.addTask { await repeating { await postgres.look() } }
            if let sender { group.addTask { try await sender.run() } }
            try await group.waitForAll()
        }
    }

    private func repeating(_ look: @escaping @Sendable () async -> Void) async {
        await cancelWhenGracefulShutdown {
            for await _ in every(interval) { await look() }
        }
    }
}
