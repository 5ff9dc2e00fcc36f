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
        let postgres = PostgresPool(PostgresConfiguration(url: shared.databaseURL))
        let http = try HTTPClient(configuration: config.http)
        let parts = try await WorkerParts(
            shared, config, postgres: postgres, http: http, group: MultiThreadedEventLoopGroup(numberOfThreads: 1),
            logger)
        // Stopped in reverse order, each only when the one below it has ended: claiming first, connections last.
        let services =
            parts.connected + parts.informed + parts.caring + parts.keeping + parts.working(parts.pipeline())
        parts.logger.info("worker started", metadata: ["slots": "\(config.concurrency)"])
        try await ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint],
                logger: parts.logger)
        ).run()
        await http.shutdown()
        await postgres.close()
        parts.logger.info("worker ended")
    }
}

extension WorkerParts {
    fileprivate var connected: [any Service] {
        [connections.redis, connections.leases, connections.outbox, connections.blocking, connections.pings]
    }

    /// What this worker hears and reads of others.
    fileprivate var informed: [any Service] {
        [
            connections.subscription("nudges", to: shared.keys.workerChannel(name)) { [running] payload in
                running.interrupt(id: String(decoding: payload, as: UTF8.self), .cancelled)
            },
            connections.subscription(
                "health", to: poolKeys.healthChannel, onMessage: { [board] in board.received($0) },
                onSubscribed: { [board] in board.missed() }),
            catalog, board,
            LoadReader(
                redis: connections.redis, keys: poolKeys, limiter: limiter, catalog: catalog, logger: logger),
        ]
    }

    /// What one worker does for all, and what any does when asked.
    fileprivate var caring: [any Service] {
        let leadership = Leadership(
            redis: connections.redis, keys: poolKeys, worker: name, lease: config.leaderLease, logger: logger)
        let alerts = AlertStore(postgres)
        let watch = AccountWatch(
            catalog: catalog, store: CatalogStore(postgres), alerts: alerts, board: board,
            news: CatalogNews(redis: connections.redis, keys: shared.catalogKeys, logger: logger), clock: clock,
            logger: logger)
        let quotas = QuotaMeter(
            catalog: catalog, ledger: QuotaLedger(postgres), limiter: limiter, alerts: alerts,
            threshold: config.quotaAlertThreshold, clock: clock, logger: logger)
        let prober = HealthProber(
            catalog: catalog, board: board, platforms: platforms, watch: watch, timeLeft: config.timeouts.firstByte,
            clock: clock, logger: logger)
        return [
            leadership,
            PoolCare(
                leadership: leadership, watch: watch, quotas: quotas, prober: prober,
                deadLetters: DeadLetterWatch(shards: [DeadLetters(queue: queue)], alerts: alerts, logger: logger),
                configuration: config),
            PingAnswerer(
                inbox: AccountPings(redis: connections.pings, keys: poolKeys),
                outbox: AccountPings(redis: connections.redis, keys: poolKeys), store: CatalogStore(postgres),
                catalog: catalog, platforms: platforms, clock: clock, logger: logger),
        ]
    }

    /// What must go on until the last job has ended.
    fileprivate var keeping: [any Service] {
        [
            HealthServer(readiness: readiness, metrics: metrics, running: running, slots: slots)
                .application(host: config.host, port: config.port, logger: logger),
            UsageFlusher(
                queue: queue, outbox: connections.outbox, ledger: UsageLedger(postgres), worker: name,
                configuration: config, logger: logger),
            leaseKeeper,
        ]
    }

    private var leaseKeeper: LeaseKeeper {
        let queue = JobQueue(redis: connections.leases, keys: shared.keys, limits: shared.limits)
        return LeaseKeeper(
            queue: queue, limiter: limiter, running: running, card: WorkerCard(name: name, queue: queue),
            logger: logger)
    }

    private func runner(_ pipeline: JobPipeline) -> EntryRunner {
        EntryRunner(
            reader: EntryReader(queue: queue, worker: name, logger: logger), pipeline: pipeline, slots: slots,
            logger: logger)
    }

    fileprivate func working(_ pipeline: JobPipeline) -> [any Service] {
        let runner = runner(pipeline)
        return [
            DelayedPromoter(queue: queue, reader: runner.reader, configuration: config, logger: logger),
            Reaper(
                queue: queue, reader: runner.reader, pipeline: pipeline, slots: slots, patience: patience,
                configuration: config, logger: logger),
            RoomKeeper(
                queue: queue, rooms: rooms, slots: slots, catalog: catalog, runner: runner, configuration: config,
                logger: logger),
            ClaimService(
                queue: queue, blocking: connections.blocking, runner: runner, slots: slots, rooms: rooms,
                running: running, configuration: config, readiness: readiness, logger: logger),
        ]
    }
}
