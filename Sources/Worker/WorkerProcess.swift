import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Shared
import UnixSignals

/// The parts of a worker and how they hold together; one connection to Redis per kind of use, so that none waits for another.
struct WorkerProcess {
    private let shared: SharedConfig
    private let config: WorkerConfig
    private let logger: Logger
    private let name = WorkerCard.makeName()

    init(_ shared: SharedConfig, _ config: WorkerConfig, _ logger: Logger) {
        self.shared = shared
        self.config = config
        var logger = logger
        logger[metadataKey: "worker"] = "\(name)"
        self.logger = logger
    }

    /// Runs until graceful shutdown; throws what prevents a start.
    func run() async throws {
        let redisConfiguration = try shared.redisConfiguration()
        // One loop carries all connections to Redis: far below its capacity, and what happens together is written together.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let postgres = PostgresPool(PostgresConfiguration(url: shared.databaseURL))
        let catalog = try await CatalogBootstrap(shared, postgres, logger, group: group).start()
        let http = try HTTPClient(configuration: config.http)
        let state = (readiness: Readiness(), patience: ReapPatience(), running: RunningJobs(), metrics: WorkerMetrics())
        let slots = Slots(config.concurrency)

        func client(_ use: String, onConnect: @escaping @Sendable (RedisSession) async throws -> Void = { _ in })
            -> RedisClient
        {
            RedisClient(redisConfiguration, name: "worker-\(use)", group: group, logger: logger, onConnect: onConnect)
        }
        let keys = shared.keys
        let greeting = WorkerGreeting(
            keys: keys, limits: shared.limits, readiness: state.readiness, patience: state.patience,
            running: state.running, logger: logger)
        let redis = RedisClient(
            redisConfiguration, name: "worker", group: group, logger: logger, onConnect: greeting.greet,
            onStateChange: { state.readiness.redis(isUp: $0) })
        let (blocking, leases, outbox) = (client("claim"), client("lease"), client("outbox"))
        let queue = JobQueue(redis: redis, keys: keys, limits: config.limits(shared.limits))
        let poolKeys = PoolKeys(prefix: shared.cachePrefix)
        let board = HealthBoard(
            rules: config.health, store: HealthStore(redis: redis, keys: poolKeys), logger: logger)
        var limits = config.limiter
        limits.lease = shared.limits.lease
        let limiter = AccountLimiter(
            redis: redis, keys: poolKeys, worker: name, configuration: limits, logger: logger)
        let forecasts = TokenForecasts(unknownAnswer: config.unknownAnswer)
        let rooms = WaitingRooms()
        let clock = SystemWallClock()
        let router = Router(
            queue: queue, catalog: catalog, board: board, loads: limiter.loads, forecasts: forecasts,
            defaultStrategy: config.routing, rates: config.rates,
            conversations: Conversations(leastTokens: config.affinityTokens))
        let pool = AccountPool(
            limiter: limiter, queue: queue, forecasts: forecasts, rooms: rooms, clock: clock)
        let platforms = PlatformCaller(
            http: http, credentials: AccountCredentials(box: try shared.secretBox()), tokens: AccountTokens(),
            clocks: PlatformClocks(), timeouts: config.timeouts, maxAnswerBytes: config.maxAnswerBytes, clock: clock)
        let pipeline = JobPipeline(
            queue: queue, router: router, pool: pool, platforms: platforms, policy: config.policy, board: board,
            rooms: rooms,
            keeper: AnswerKeeper(
                cache: ResponseCache(redis: redis, keys: keys, limits: config.cache), metrics: state.metrics,
                clock: clock, logger: logger),
            running: state.running, configuration: config, metrics: state.metrics, clock: clock, logger: logger)
        let reader = EntryReader(queue: queue, worker: name, logger: logger)
        let runner = EntryRunner(reader: reader, pipeline: pipeline, slots: slots, logger: logger)
        let card = WorkerCard(name: name, redis: leases, keys: keys, lease: shared.limits.lease)
        let nudges = RedisSubscription(
            redisConfiguration, channels: [keys.workerChannel(name)], name: "worker-nudges", group: group,
            logger: logger,
            onMessage: { _, payload in state.running.interrupt(id: String(decoding: payload, as: UTF8.self), .cancelled)
            })
        let healthNews = RedisSubscription(
            redisConfiguration, channels: [poolKeys.healthChannel], name: "worker-health", group: group, logger: logger,
            onMessage: { _, payload in board.received(payload) }, onSubscribed: { board.missed() })
        let leadership = Leadership(
            redis: redis, keys: poolKeys, worker: name, lease: config.leaderLease, logger: logger)
        let alerts = AlertStore(postgres)
        let watch = AccountWatch(
            catalog: catalog, store: CatalogStore(postgres), alerts: alerts, board: board,
            news: CatalogNews(redis: redis, keys: shared.catalogKeys, logger: logger), clock: clock, logger: logger)
        let care = PoolCare(
            leadership: leadership, watch: watch,
            quotas: QuotaMeter(
                catalog: catalog, ledger: QuotaLedger(postgres), limiter: limiter, alerts: alerts,
                threshold: config.quotaAlertThreshold, clock: clock, logger: logger),
            prober: HealthProber(
                catalog: catalog, board: board, platforms: platforms, watch: watch,
                timeLeft: config.timeouts.firstByte, clock: clock, logger: logger), configuration: config)
        let pings = PingAnswerer(
            inbox: AccountPings(redis: client("pings"), keys: poolKeys),
            outbox: AccountPings(redis: redis, keys: poolKeys),
            store: CatalogStore(postgres), catalog: catalog, platforms: platforms, clock: clock, logger: logger)
        let health = HealthServer(
            readiness: state.readiness, metrics: state.metrics, running: state.running, slots: slots)

        // Stopped in reverse order, each only when the one below it has ended: claiming first, connections last.
        let services: [any Service] = [
            redis, leases, outbox, blocking, nudges, healthNews, catalog, board, leadership, care,
            pings.inbox.redis, pings,
            LoadReader(redis: redis, keys: poolKeys, loads: limiter.loads, catalog: catalog, logger: logger),
            health.application(host: config.host, port: config.port, logger: logger),
            UsageFlusher(
                queue: queue, outbox: outbox, ledger: UsageLedger(postgres), worker: name, configuration: config,
                logger: logger),
            LeaseKeeper(
                queue: JobQueue(redis: leases, keys: keys, limits: shared.limits), limiter: limiter,
                running: state.running,
                card: card, logger: logger),
            DelayedPromoter(queue: queue, reader: reader, configuration: config, logger: logger),
            Reaper(
                queue: queue, reader: reader, pipeline: pipeline, slots: slots, patience: state.patience,
                configuration: config, logger: logger),
            RoomKeeper(
                queue: queue, rooms: rooms, slots: slots, catalog: catalog, runner: runner, configuration: config,
                logger: logger),
            ClaimService(
                queue: queue, blocking: blocking, runner: runner, slots: slots, rooms: rooms, running: state.running,
                configuration: config, readiness: state.readiness, logger: logger),
        ]
        logger.info("worker started", metadata: ["slots": "\(config.concurrency)"])
        try await ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger)
        ).run()
        await http.shutdown()
        await postgres.close()
        logger.info("worker ended")
    }
}
