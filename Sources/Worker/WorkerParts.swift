import Logging
import NIOCore
import Shared

/// What a worker works with: its connections, what it knows, and the pipeline; `WorkerProcess` says what runs.
struct WorkerParts: Sendable {
    /// Unlike any other worker's, also before and after a restart.
    let name = WorkerCard.makeName()
    let config: WorkerConfig
    let shared: SharedConfig
    let logger: Logger
    let clock: any WallClock = SystemWallClock()
    let readiness = Readiness()
    let patience = ReapPatience()
    let running = RunningJobs()
    let metrics = WorkerMetrics()
    let rooms = WaitingRooms()
    let slots: Slots
    let postgres: PostgresPool
    let catalog: CatalogCache
    let connections: WorkerConnections
    let queue: JobQueue
    let poolKeys: PoolKeys
    let board: HealthBoard
    let limiter: AccountLimiter
    let platforms: PlatformCaller

    /// Throws what prevents a start.
    init(
        _ shared: SharedConfig, _ config: WorkerConfig, postgres: PostgresPool, http: HTTPClient,
        group: any EventLoopGroup, _ logger: Logger
    ) async throws {
        self.shared = shared
        self.config = config
        self.postgres = postgres
        var logger = logger
        logger[metadataKey: "worker"] = "\(name)"
        self.logger = logger
        slots = Slots(config.concurrency)
        connections = WorkerConnections(
            try shared.redisConfiguration(), group: group,
            greeting: WorkerGreeting(
                worker: name, keys: shared.keys, limits: shared.limits, readiness: readiness, patience: patience,
                running: running, requiresDurable: shared.requiresDurableRedis, logger: logger), logger: logger)
        let redis = connections.redis
        queue = JobQueue(redis: redis, keys: shared.keys, limits: config.limits(shared.limits))
        poolKeys = PoolKeys(prefix: shared.cachePrefix)
        board = HealthBoard(rules: config.health, store: HealthStore(redis: redis, keys: poolKeys), logger: logger)
        var limits = config.limiter
        limits.lease = shared.limits.lease
        limiter = AccountLimiter(redis: redis, keys: poolKeys, worker: name, configuration: limits, logger: logger)
        platforms = PlatformCaller(
            http: http, credentials: AccountCredentials(box: try shared.secretBox()), tokens: AccountTokens(),
            clocks: PlatformClocks(), timeouts: config.timeouts, maxAnswerBytes: config.maxAnswerBytes, clock: clock,
            sandboxPace: config.sandboxPace)
        catalog = try await CatalogBootstrap(shared, postgres, logger, group: group).start()
    }

    func pipeline() -> JobPipeline {
        let forecasts = TokenForecasts(unknownAnswer: config.unknownAnswer)
        let cache = ResponseCache(redis: connections.redis, keys: shared.keys, limits: config.cache)
        return JobPipeline(
            queue: queue,
            router: Router(
                queue: queue, catalog: catalog, board: board, loads: limiter.loads, forecasts: forecasts,
                defaultStrategy: config.routing, rates: config.rates,
                conversations: Conversations(leastTokens: config.affinityTokens)),
            pool: AccountPool(limiter: limiter, queue: queue, forecasts: forecasts, rooms: rooms, clock: clock),
            platforms: platforms, policy: config.policy, board: board, rooms: rooms,
            keeper: AnswerKeeper(cache: cache, metrics: metrics, clock: clock, logger: logger), running: running,
            configuration: config, metrics: metrics, clock: clock, logger: logger)
    }
}
