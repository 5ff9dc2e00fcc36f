import Logging
import NIOCore
import Shared

/// What a worker works with: its connections, what it knows, and the pipeline; `WorkerProcess` says what runs.
struct WorkerParts: Sendable {
    /// Unlike any other worker's, also before and after a restart.
    let name = WorkerHeartbeat.makeName()
    let config: WorkerConfig
    let shared: SharedConfig
    let logger: Logger
    let clock: any WallClock = SystemWallClock()
    let readiness: Readiness
    let restraint = ClaimRestraint()
    let metrics = WorkerMetrics()
    let slots: Slots
    let postgres: PostgresPool
    let catalog: LiveCatalog
    let connections: WorkerConnections
    let shards: [WorkerShard]
    let pool: PoolConnections
    let poolKeys: PoolKeys
    let board: HealthRegistry
    let limiter: AccountLimiter
    let forecasts: TokenForecasts
    let credentials: AccountCredentials
    let platforms: PlatformCaller
    let keyWatch: KeyWatch

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
        readiness = Readiness(shards: shared.queue.shards)
        slots = Slots(config.concurrency)
        connections = WorkerConnections(
            worker: name, configuration: try shared.redis.configuration(), group: group, logger: logger)
        shards = shared.shardKeys.map { [connections, readiness] keys in
            WorkerShard(keys, shared, limits: config.limits(shared.queue.limits), readiness: readiness, connections)
        }
        for shard in shards { shard.rooms.join(shards.map(\.rooms)) }
        poolKeys = PoolKeys(prefix: shared.cachePrefix)
        pool = PoolConnections(connections, keys: poolKeys, beside: shards[0])
        let redis = pool.redis
        board = HealthRegistry(rules: config.health, store: HealthStore(redis: redis, keys: poolKeys), logger: logger)
        var limits = config.limiter
        limits.lease = shared.queue.limits.lease
        limiter = AccountLimiter(redis: redis, keys: poolKeys, worker: name, configuration: limits, logger: logger)
        forecasts = TokenForecasts(unknownAnswer: config.unknownAnswer)
        credentials = AccountCredentials(box: try shared.masterKeys.box())
        platforms = PlatformCaller(
            http: http, credentials: credentials, tokens: AccountTokens(),
            clocks: PlatformClocks(), timeouts: config.timeouts, maxAnswerBytes: config.maxAnswerBytes, clock: clock,
            sandboxPace: config.sandboxPace, recorder: config.recording.map { Recorder($0, logger) })
        catalog = try await CatalogBootstrap(shared, postgres, logger, group: group).start()
        keyWatch = KeyWatch(catalog, credentials, readiness, restraint, logger)
        keyWatch.look()
    }

    func pipeline(_ shard: WorkerShard) -> JobPipeline {
        // Kept answers are for requests of all shards.
        let cache = ResponseCache(redis: shards[0].queue.redis, keys: shared.keys, limits: config.cache)
        return JobPipeline(
            queue: shard.queue,
            router: Router(
                queue: shard.queue, catalog: catalog, board: board, loads: limiter.loads, credentials: credentials,
                forecasts: forecasts, defaultStrategy: config.routing, rates: config.rates,
                conversations: PromptAffinity(leastTokens: config.affinityTokens)),
            pool: AccountPool(
                limiter: limiter, queue: shard.queue, forecasts: forecasts, rooms: shard.rooms, clock: clock),
            platforms: platforms, policy: config.policy, board: board, rooms: shard.rooms,
            keeper: AnswerCache(cache: cache, metrics: metrics, clock: clock, logger: logger), running: shard.running,
            configuration: config, metrics: metrics, clock: clock, logger: logger, restraint: restraint)
    }
}
