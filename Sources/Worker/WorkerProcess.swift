import Logging
import NIOPosix
import ServiceLifecycle
import Shared
import UnixSignals

/// Runs the services of a worker, and ends them in order.
struct WorkerProcess {
    private let shared: SharedConfig
    private let config: WorkerConfig
    private let logger: Logger

    init(_ shared: SharedConfig, _ config: WorkerConfig, _ logger: Logger) {
        self.shared = shared
        self.config = config
        self.logger = logger
    }

    /// Runs until graceful shutdown, and throws what prevents a start.
    func run() async throws {
        let metrics = MetricsRegistry()
        var database = shared.postgres
        database.metrics = PostgresMetrics(metrics)
        let postgres = PostgresPool(database)
        let loops = Loops(shared.loops, logger: logger)
        var settings = config.http
        settings.resume = loops.resume
        let http = try HTTPClient(configuration: settings)
        let parts = try await WorkerParts(
            shared, config, postgres: postgres, http: http, metrics: metrics, group: loops.group, logger)
        // Stopped in reverse order, each only when the one below it has ended: claiming first, connections last.
        let services =
            parts.connected + parts.informed + parts.supervising + parts.serving
            + Together.byRole(parts.shards.map { parts.keeping($0) })
            + Together.byRole(parts.shards.map { parts.working($0) })
        parts.logger.info("worker started", metadata: [LogKey.slots: "\(config.slots.total)"])
        let group = ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint],
                logger: parts.logger))
        try await loops.run { try await group.run() }
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

    /// Services that hear and read what other workers know.
    fileprivate var informed: [any Service] {
        [
            connections.subscription("nudges", to: shared.keys.workerChannel(name)) { [shards] payload in
                let id = String(decoding: payload, as: UTF8.self)
                for shard in shards { shard.running.cancel(id: id) }
            },
            connections.subscription(
                "health", to: poolKeys.healthChannel, onMessage: { [healthRegistry] in healthRegistry.received($0) },
                onSubscribed: { [healthRegistry] in healthRegistry.missed() }),
            connections.subscription(
                "budgets", to: poolKeys.budgetChannel, onMessage: { [budgets] in budgets.received($0) },
                onSubscribed: { [budgets] in await budgets.look() }),
            catalog, credentialMonitor, healthRegistry, budgets,
            LoadReader(
                redis: pool.redis, keys: poolKeys, limiter: limiter, catalog: catalog,
                pace: pace(of: shards, busy: LoadReader.interval), logger: logger),
        ]
    }

    /// Services that one elected worker does for all, and those that any does when asked.
    fileprivate var supervising: [any Service] {
        let election = LeaderElection(
            redis: pool.redis, keys: poolKeys, worker: name, lease: config.leader.lease, logger: logger)
        let alerts = AlertStore(postgres)
        let supervisor = AccountSupervisor(
            catalog: catalog, store: CatalogStore(postgres), alerts: alerts, healthRegistry: healthRegistry,
            notifier: CatalogNotifier(redis: pool.redis, keys: shared.catalogKeys, logger: logger), clock: clock,
            logger: logger)
        let quotas = QuotaReconciler(
            catalog: catalog, ledger: QuotaLedger(postgres), limiter: limiter, alerts: alerts,
            rule: AlertRule(from: config.leader.quotaAlertThreshold, hysteresis: shared.alerts.hysteresis),
            clock: clock, logger: logger)
        let prober = HealthProber(
            catalog: catalog, healthRegistry: healthRegistry, platforms: platforms, supervisor: supervisor,
            timeLeft: config.timeouts.http.firstByte,
            clock: clock, logger: logger)
        let duty = alertDuty(election)
        return [
            election, duty, budgetDuty(election),
            LeaderTasks(
                election: election, supervisor: supervisor, quotas: quotas, prober: prober,
                deadLetters: DeadLetterWatch(
                    shards: shards.map { DeadLetters(queue: $0.queue) }, alerts: alerts, logger: logger),
                partitions: PartitionKeeper(
                    partitions: UsagePartitions(postgres), retention: config.retention, clock: clock, logger: logger),
                settings: config.leader, interval: shared.alerts.interval),
            PingResponder(
                inbox: AccountPings(redis: pool.pings, keys: poolKeys),
                outbox: AccountPings(redis: pool.redis, keys: poolKeys), store: CatalogStore(postgres),
                catalog: catalog, platforms: platforms, clock: clock, logger: logger),
        ] + [duty.sender].compactMap { $0 }
    }

    private func budgetDuty(_ election: LeaderElection) -> BudgetDuty {
        let store = BudgetStore(postgres)
        return BudgetDuty(
            election: election, store: store,
            publisher: BudgetPublisher(store: store, redis: pool.redis, keys: poolKeys, logger: logger),
            budgets: budgets, interval: config.leader.budgetRefresh, logger: logger)
    }

    private func alertDuty(_ election: LeaderElection) -> AlertDuty {
        let (queues, thresholds, hysteresis) = (shards.map(\.queue), config.leader.alerts, shared.alerts.hysteresis)
        let redis = RedisWatch(queues, shared.alerts)
        let routes = RouteWatch(
            catalog: catalog, healthRegistry: healthRegistry, rules: config.health, thresholds: thresholds,
            hysteresis: hysteresis, clock: clock)
        let checks =
            routes.checks + QueueWatch(queues: queues, thresholds: thresholds, hysteresis: hysteresis).checks
            + WorkerWatch(queues, shared.alerts).checks + [
                ErrorRateWatch(queues[0], thresholds, hysteresis: hysteresis).check, redis.check, PostgresWatch.check,
                BudgetWatch(store: BudgetStore(postgres)).check,
            ]
        let sources = PostgresWatch.Sources(
            problem: { [postgres] in await postgres.problem() }, redis: redis,
            mark: OutageMark(redis: pool.redis, keys: poolKeys, process: name))
        return AlertDuty(
            election: election, parts: alerts, leading: alerts.evaluator(checks),
            postgres: alerts.postgresWatch(sources, process: name), redis: redis)
    }

    /// Services that are needed until the last job has ended.
    fileprivate var serving: [any Service] {
        let delay = LoopDelay(connections.group, metrics.registry)
        let collection = MetricsCollection(
            [.init(every: LoopDelay.interval) { delay.look() }], patience: shared.metricsPatience)
        return [
            collection,
            HealthServer(readiness: readiness, registry: metrics.registry, collection: collection)
                .application(host: config.host, port: config.port, on: connections.group, logger: logger),
            ReservationKeeper(limiter: limiter, redis: pool.leases, lease: shared.queue.limits.lease, logger: logger),
        ]
    }

    /// Chosen: the flusher is told of a shutdown once claiming has ended, and notices it between two reads.
    private static var longestRead: Duration { .milliseconds(500) }

    /// Services that a shard needs until its last job has ended.
    fileprivate func keeping(_ shard: WorkerShard) -> [any Service] {
        let leases = JobQueue(redis: shard.leases, keys: shard.queue.keys, limits: shared.queue.limits)
        return [
            UsageFlusher(
                queue: shard.queue, outbox: shard.outbox, ledger: UsageLedger(postgres), worker: name, metrics: metrics,
                budgets: budgets, settings: config.flush, block: min(config.claim.block, Self.longestRead), logger: logger),
            LeaseKeeper(
                queue: leases, running: shard.running,
                heartbeat: WorkerHeartbeat(name: name, queue: leases, slots: slots.total, metrics: metrics),
                logger: logger),
        ]
    }

    private func pace(of shards: [WorkerShard], busy: Duration? = nil) -> IdlePace {
        IdlePace(
            running: shards.map(\.running), busy: busy ?? config.maintenance.interval,
            idle: config.maintenance.idleInterval)
    }

    private func runner(_ shard: WorkerShard, _ pipeline: JobPipeline) -> ClaimRunner {
        ClaimRunner(
            reader: ClaimReader(queue: shard.queue, worker: name, metrics: metrics, logger: logger),
            pipeline: pipeline, slots: slots, logger: logger)
    }

    fileprivate func working(_ shard: WorkerShard) -> [any Service] {
        let pipeline = pipeline(shard)
        let runner = runner(shard, pipeline)
        return [
            QueueMaintenance(
                queue: shard.queue, reader: runner.reader, settings: config.maintenance, pace: pace(of: [shard]),
                logger: logger),
            Reaper(
                queue: shard.queue, reader: runner.reader, pipeline: pipeline, slots: slots, patience: shard.patience,
                settings: config.reap, overdraft: config.slots.recovery, logger: logger),
            AdmissionService(
                queue: shard.queue, rooms: shard.rooms, slots: slots, catalog: catalog, runner: runner,
                pace: pace(of: [shard]), logger: logger),
            ClaimService(
                queue: shard.queue, blocking: shard.blocking, runner: runner, slots: slots, rooms: shard.rooms,
                running: shard.running, settings: config.claim, drainTimeout: config.drainTimeout, readiness: readiness,
                logger: logger,
                shards: shards.count, gate: gate),
        ]
    }
}

/// Runs the same service of all shards: they are shut down together, and end when all have ended.
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
