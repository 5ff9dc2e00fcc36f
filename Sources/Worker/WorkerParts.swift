import Logging
import NIOCore
import Shared

/// The parts of a worker: connections, knowledge, pipeline.
///
/// `WorkerProcess` runs them.
struct WorkerParts: Sendable {
    /// Unlike any other worker's, also before and after a restart.
    let name = ProcessName.make()
    let config: WorkerConfig
    let shared: SharedConfig
    let logger: Logger
    let clock: any WallClock = SystemWallClock()
    let readiness: Readiness
    let gate = ClaimGate()
    let metrics: WorkerMetrics
    let slots: Slots
    let postgres: PostgresPool
    let catalog: LiveCatalog
    let connections: WorkerConnections
    let shards: [WorkerShard]
    let pool: PoolConnections
    let poolKeys: PoolKeys
    let healthRegistry: HealthRegistry
    let limiter: AccountLimiter
    let forecasts: TokenForecasts
    let credentials: AccountCredentials
    let platforms: PlatformCaller
    let credentialMonitor: CredentialMonitor
    let alerts: AlertParts
    let budgets: LiveBudgets

    /// Throws what prevents a start.
    init(
        _ shared: SharedConfig, _ config: WorkerConfig, postgres: PostgresPool, http: HTTPClient,
        metrics registry: MetricsRegistry, group: any EventLoopGroup, _ logger: Logger
    ) async throws {
        self.shared = shared
        self.config = config
        self.postgres = postgres
        var logger = logger
        logger[metadataKey: LogKey.worker] = "\(name)"
        self.logger = logger
        metrics = WorkerMetrics(registry)
        readiness = Readiness(shards: shared.queue.shards)
        slots = Slots(config.slots.total, headroom: config.slots.batchHeadroom)
        var redis = try shared.redis.configuration()
        redis.calls = registry.timer(.redisCommands)
        connections = WorkerConnections(worker: name, configuration: redis, group: group, logger: logger)
        shards = shared.shardKeys.map { [connections, readiness] keys in
            WorkerShard(keys, shared, limits: config.limits(shared.queue.limits), readiness: readiness, connections)
        }
        for shard in shards { shard.rooms.join(shards.map(\.rooms)) }
        poolKeys = PoolKeys(prefix: shared.cachePrefix)
        pool = PoolConnections(connections, keys: poolKeys, beside: shards[0])
        healthRegistry = HealthRegistry(
            rules: config.health, store: HealthStore(redis: pool.redis, keys: poolKeys), logger: logger)
        var limits = config.limiter
        limits.lease = shared.queue.limits.lease
        limiter = AccountLimiter(redis: pool.redis, keys: poolKeys, worker: name, configuration: limits, logger: logger)
        budgets = LiveBudgets(redis: pool.redis, keys: poolKeys, clock: clock, logger: logger)
        forecasts = TokenForecasts(unknownAnswer: config.unknownAnswer)
        credentials = AccountCredentials(box: try shared.masterKeys.box())
        platforms = PlatformCaller(
            http: http, credentials: credentials, tokens: AccountTokens(),
            clocks: PlatformClocks(), timeouts: config.timeouts, maxAnswerBytes: config.maxAnswerBytes, clock: clock,
            sandboxPace: config.sandboxPace, recorder: config.recording.map { Recorder($0, logger) })
        alerts = AlertParts(shared.alerts, shared.webhooks, postgres, group: group, logger: logger)
        catalog = try await CatalogBootstrap(shared, postgres, logger, group: group).start()
        credentialMonitor = CredentialMonitor(catalog, credentials, readiness, gate, logger)
        credentialMonitor.look()
        metrics.add(running: shards.map(\.running), slots: slots.total) { [shards] in
            shards.allSatisfy { $0.queue.redis.isConnected }
        }
    }

    func pipeline(_ shard: WorkerShard) -> JobPipeline {
        // Kept answers are for requests of all shards.
        let cache = ResponseCache(redis: shards[0].queue.redis, keys: shared.keys, limits: config.cache)
        return JobPipeline(
            queue: shard.queue,
            router: JobRouter(
                queue: shard.queue, catalog: catalog, healthRegistry: healthRegistry, loads: limiter.loads,
                credentials: credentials,
                forecasts: forecasts, defaultStrategy: config.routing.strategy, rates: config.routing.rates,
                affinity: PromptAffinity(leastTokens: config.affinityTokens), budgets: budgets),
            pool: AccountPool(
                limiter: limiter, queue: shard.queue, forecasts: forecasts, rooms: shard.rooms, clock: clock),
            platforms: platforms, policy: config.policy, healthRegistry: healthRegistry, rooms: shard.rooms,
            answerCache: AnswerCache(cache: cache, metrics: metrics, clock: clock, logger: logger),
            running: shard.running,
            settings: config.pipeline, metrics: metrics, clock: clock, log: PipelineLog(logger: logger), gate: gate)
    }
}
