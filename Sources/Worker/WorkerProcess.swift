import Logging
import NIOPosix
import ServiceLifecycle
import Shared
import UnixSignals

/// What runs in a worker, and in which order it ends.
struct WorkerProcess {
    private let shared: SharedConfig
    private let config: WorkerConfig
    private let logger: Logger

    init(_ shared: SharedConfig, _ config: WorkerConfig, _ logger: Logger) {
        self.shared = shared
        self.config = config
        self.logger = logger
    }

    /// Runs until graceful shutdown; throws what prevents a start.
    func run() async throws {
        let postgres = PostgresPool(shared.postgres)
        let http = try HTTPClient(configuration: config.http)
        let parts = try await WorkerParts(
            shared, config, postgres: postgres, http: http, group: MultiThreadedEventLoopGroup(numberOfThreads: 1),
            logger)
        // Stopped in reverse order, each only when the one below it has ended: claiming first, connections last.
        let services =
            parts.connected + parts.informed + parts.caring + parts.serving
            + Together.byRole(parts.shards.map { parts.keeping($0) })
            + Together.byRole(parts.shards.map { parts.working($0) })
        parts.logger.info("worker started", metadata: ["slots": "\(config.concurrency)"])
        try await ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint],
                logger: parts.logger)
        ).run()
        await http.shutdown()
        await parts.platforms.recorder?.flush()
        await postgres.close()
        parts.logger.info("worker ended")
    }
}

extension WorkerParts {
    fileprivate var connected: [any Service] {
        shards.flatMap(\.clients) + pool.own + [HeapTrimmer(every: shared.heapTrimInterval)]
    }

    /// What this worker hears and reads of others.
    fileprivate var informed: [any Service] {
        [
            connections.subscription("nudges", to: shared.keys.workerChannel(name)) { [shards] payload in
                let id = String(decoding: payload, as: UTF8.self)
                for shard in shards { shard.running.interrupt(id: id, .cancelled) }
            },
            connections.subscription(
                "health", to: poolKeys.healthChannel, onMessage: { [board] in board.received($0) },
                onSubscribed: { [board] in board.missed() }),
            catalog, keyWatch, board,
            LoadReader(
                redis: pool.redis, keys: poolKeys, limiter: limiter, catalog: catalog, logger: logger),
        ]
    }

    /// What one worker does for all, and what any does when asked.
    fileprivate var caring: [any Service] {
        let leadership = LeaderElection(
            redis: pool.redis, keys: poolKeys, worker: name, lease: config.leaderLease, logger: logger)
        let alerts = AlertStore(postgres)
        let watch = AccountSupervisor(
            catalog: catalog, store: CatalogStore(postgres), alerts: alerts, board: board,
            news: CatalogNotifier(redis: pool.redis, keys: shared.catalogKeys, logger: logger), clock: clock,
            logger: logger)
        let quotas = QuotaMeter(
            catalog: catalog, ledger: QuotaLedger(postgres), limiter: limiter, alerts: alerts,
            threshold: config.quotaAlertThreshold, clock: clock, logger: logger)
        let prober = HealthProber(
            catalog: catalog, board: board, platforms: platforms, watch: watch,
            timeLeft: config.timeouts.http.firstByte,
            clock: clock, logger: logger)
        return [
            leadership,
            LeaderTasks(
                leadership: leadership, watch: watch, quotas: quotas, prober: prober,
                deadLetters: DeadLetterWatch(
                    shards: shards.map { DeadLetters(queue: $0.queue) }, alerts: alerts, logger: logger),
                configuration: config),
            PingAnswerer(
                inbox: AccountPings(redis: pool.pings, keys: poolKeys),
                outbox: AccountPings(redis: pool.redis, keys: poolKeys), store: CatalogStore(postgres),
                catalog: catalog, platforms: platforms, clock: clock, logger: logger),
        ]
    }

    /// What is asked and told until the last job has ended.
    fileprivate var serving: [any Service] {
        [
            HealthServer(readiness: readiness, metrics: metrics, running: shards.map(\.running), slots: slots)
                .application(host: config.host, port: config.port, logger: logger),
            CapacityKeeper(limiter: limiter, redis: pool.leases, lease: shared.queue.limits.lease, logger: logger),
        ]
    }

    /// What a shard needs until its last job has ended.
    fileprivate func keeping(_ shard: WorkerShard) -> [any Service] {
        let leases = JobQueue(redis: shard.leases, keys: shard.queue.keys, limits: shared.queue.limits)
        return [
            UsageFlusher(
                queue: shard.queue, outbox: shard.outbox, ledger: UsageLedger(postgres), worker: name,
                configuration: config, logger: logger),
            LeaseKeeper(
                queue: leases, running: shard.running, card: WorkerHeartbeat(name: name, queue: leases), logger: logger),
        ]
    }

    private func runner(_ shard: WorkerShard, _ pipeline: JobPipeline) -> ClaimRunner {
        ClaimRunner(
            reader: ClaimReader(queue: shard.queue, worker: name, logger: logger), pipeline: pipeline, slots: slots,
            logger: logger)
    }

    fileprivate func working(_ shard: WorkerShard) -> [any Service] {
        let pipeline = pipeline(shard)
        let runner = runner(shard, pipeline)
        return [
            QueueMaintenance(queue: shard.queue, reader: runner.reader, configuration: config, logger: logger),
            Reaper(
                queue: shard.queue, reader: runner.reader, pipeline: pipeline, slots: slots, patience: shard.patience,
                configuration: config, logger: logger),
            RoomKeeper(
                queue: shard.queue, rooms: shard.rooms, slots: slots, catalog: catalog, runner: runner,
                configuration: config, logger: logger),
            ClaimService(
                queue: shard.queue, blocking: shard.blocking, runner: runner, slots: slots, rooms: shard.rooms,
                running: shard.running, configuration: config, readiness: readiness, logger: logger,
                shards: shards.count, restraint: restraint),
        ]
    }
}

/// The same service of all shards: told of a shutdown together, ended when all have.
///
/// One after the other, each shard would have a whole `DRAIN_TIMEOUT`.
private struct Together: Service {
    let services: [any Service]

    /// From the services of each shard, in one order.
    static func byRole(_ shards: [[any Service]]) -> [any Service] {
        guard shards.count > 1, let first = shards.first else { return shards.first ?? [] }
        return first.indices.map { role in Together(services: shards.map { $0[role] }) }
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services { group.addTask { try await service.run() } }
            try await group.waitForAll()
        }
    }
}
