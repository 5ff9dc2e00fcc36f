import Shared
import TestSupport

@testable import Worker

/// One worker's own parts: what it runs, what it knows of accounts, its name in the queue.
struct PipelineWorker: Sendable {
    let name: String
    let queue: QueueFixture
    let reader: ClaimReader
    let pipeline: JobPipeline
    let running = RunningJobs()
    let healthRegistry: HealthRegistry
    let rooms = WaitingRooms()
    let metrics = WorkerMetrics()
    /// Not run: a test hands it messages, if it wants any.
    let budgets: LiveBudgets

    init(_ name: String, _ fixture: PipelineFixture, box: SecretBox? = nil) throws {
        let credentials = AccountCredentials(box: box)
        self.name = name
        queue = fixture.queue
        let configuration = fixture.configuration
        let keys = PoolKeys(prefix: queue.keys.prefix)
        budgets = LiveBudgets(redis: queue.redis, keys: keys, logger: PipelineFixture.silent)
        // Not run: this worker's own observations are all that it knows.
        healthRegistry = HealthRegistry(
            rules: configuration.health, store: HealthStore(redis: queue.redis, keys: keys),
            logger: PipelineFixture.silent)
        // Never run, so never connected: the snapshot is all the catalogue there is.
        let store = CatalogStore(try PostgresPool(url: Secret("postgresql://127.0.0.1:1/none")))
        let catalog = LiveCatalog(
            fixture.catalog, store: store, interval: .seconds(3600), logger: PipelineFixture.silent)
        reader = ClaimReader(queue: queue.queue, worker: name, metrics: metrics, logger: PipelineFixture.silent)
        let limiter = AccountLimiter(
            redis: queue.redis, keys: keys, worker: name, configuration: configuration.limiter,
            logger: PipelineFixture.silent)
        let forecasts = TokenForecasts(unknownAnswer: configuration.unknownAnswer)
        pipeline = JobPipeline(
            queue: queue.queue,
            router: JobRouter(
                queue: queue.queue, catalog: catalog, healthRegistry: healthRegistry, loads: limiter.loads,
                credentials: credentials,
                forecasts: forecasts,
                defaultStrategy: configuration.routing.strategy, rates: configuration.routing.rates,
                affinity: PromptAffinity(leastTokens: configuration.affinityTokens), budgets: budgets),
            pool: AccountPool(
                limiter: limiter, queue: queue.queue, forecasts: forecasts, rooms: rooms, clock: SystemWallClock()),
            platforms: PlatformCaller(
                http: fixture.http, credentials: credentials, tokens: AccountTokens(),
                clocks: PlatformClocks(), timeouts: configuration.timeouts,
                maxAnswerBytes: configuration.maxAnswerBytes, clock: SystemWallClock()),
            policy: configuration.policy, healthRegistry: healthRegistry, rooms: rooms,
            answerCache: AnswerCache(
                cache: ResponseCache(redis: queue.redis, keys: queue.keys, limits: configuration.cache),
                metrics: metrics, clock: SystemWallClock(), logger: PipelineFixture.silent),
            running: running, settings: configuration.pipeline, metrics: metrics, clock: SystemWallClock(),
            log: PipelineLog(logger: PipelineFixture.silent))
    }

    /// Claims one entry and runs it, as `ClaimService` does.
    func runOne() async throws {
        let entries = try await queue.queue.claim(
            worker: name, free: 1, shares: Lane.allCases.map { ($0, 1) })
        guard let entry = entries.first else { throw QueueFixtureError.nothingToClaim }
        guard let claim = try await reader.read(entry) else { return }
        try await pipeline.run(claim, enqueuedAt: entry.enqueuedAt)
    }

    /// Lets one request out of its room as soon as that is due, and runs it, as `AdmissionService` does.
    func admitOne() async throws {
        var admitted: (entry: JobQueue.Entry, room: String)?
        let asked = ContinuousClock.now
        try await eventually("a room is due") {
            for room in try await queue.queue.rooms() where room.due <= SystemWallClock().now {
                let entries = try await queue.queue.admit(room: room.name, worker: name, limit: 1, isForced: false)
                admitted = entries.first.map { ($0, room.name) }
            }
            return admitted != nil
        }
        rooms.read(try await queue.queue.rooms(), asked: asked)
        guard let admitted, let claim = try await reader.read(admitted.entry) else { return }
        try await pipeline.run(claim, enqueuedAt: admitted.entry.enqueuedAt, admittedFrom: admitted.room)
    }

    /// Takes one expired entry of the normal lane over, as `Reaper` does.
    ///
    /// `times` pretends that it was delivered so often.
    func takeOverOne(delivered times: Int? = nil) async throws {
        var cursor = JobQueue.ReapCursor()
        let entries = try await queue.queue.takeExpired(lane: .normal, worker: name, limit: 1, cursor: &cursor)
        guard var entry = entries.first,
            let deliveries = try await queue.queue.deliveries(of: entry, worker: name)
        else { throw QueueFixtureError.nothingToClaim }
        entry.deliveries = times ?? deliveries
        guard let claim = try await reader.read(entry) else { return }
        try await pipeline.takeOver(claim, enqueuedAt: entry.enqueuedAt)
    }

    /// Cancels as a caller does: the request's end is written, and the worker is nudged.
    func cancel(_ id: String) async throws {
        _ = try await queue.queue.cancel(id)
        running.cancel(id: id)
    }
}
