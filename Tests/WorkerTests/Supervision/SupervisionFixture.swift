import Logging
import NIOPosix
import ServiceLifecycle
import Shared
import TestSupport

@testable import Worker

/// One worker's supervision of accounts: over keys of its own in Redis, a database of its own, and stubs for platforms.
struct SupervisionFixture: Sendable {
    let queue: QueueFixture
    let pool: PostgresPool
    let catalog: LiveCatalog
    let healthRegistry: HealthRegistry
    let limiter: AccountLimiter
    private let http: HTTPClient
    private let configuration: WorkerConfig

    private static let silent = PipelineFixture.silent
    private static let clock = SystemWallClock()

    var alerts: AlertStore { AlertStore(pool) }
    var store: CatalogStore { CatalogStore(pool) }
    var keys: PoolKeys { PoolKeys(prefix: queue.keys.prefix) }

    /// `seen` is the worker's view of the catalogue, `stored` what PostgreSQL has.
    ///
    /// `nil` is a server that is away.
    static func run(
        _ seen: CatalogSnapshot, stored: String? = "accounts: [{id: a, provider: openai}]",
        rules: HealthRules = HealthRules(), _ body: (SupervisionFixture) async throws -> Void
    ) async throws {
        var settings = Settings(environment: [:])
        let configuration = WorkerConfig(&settings)
        try settings.check()
        let pool = try await pool(stored)
        let http = try HTTPClient(configuration: configuration.http)
        do {
            try await QueueFixture.run { queue in
                try await body(SupervisionFixture(queue, pool, seen, rules, http, configuration))
            }
        } catch {
            await http.shutdown()
            throw error
        }
        await http.shutdown()
    }

    private static func pool(_ stored: String?) async throws -> PostgresPool {
        guard let stored else { return try PostgresPool(url: Secret("postgresql://127.0.0.1:1/none")) }
        let pool = try await SharedPostgres.shared.migratedPool()
        try await CatalogStore(pool).apply(CatalogFile(text: stored), box: nil)
        return pool
    }

    private init(
        _ queue: QueueFixture, _ pool: PostgresPool, _ seen: CatalogSnapshot, _ rules: HealthRules,
        _ http: HTTPClient, _ configuration: WorkerConfig
    ) {
        (self.queue, self.pool, self.http, self.configuration) = (queue, pool, http, configuration)
        let keys = PoolKeys(prefix: queue.keys.prefix)
        // Neither is run: the catalogue stays as it is, and this worker's own observations are all that it knows.
        catalog = LiveCatalog(seen, store: CatalogStore(pool), interval: .seconds(3600), logger: Self.silent)
        healthRegistry = HealthRegistry(
            rules: rules, store: HealthStore(redis: queue.redis, keys: keys), logger: Self.silent)
        limiter = AccountLimiter(
            redis: queue.redis, keys: keys, worker: "w1", configuration: configuration.limiter, logger: Self.silent)
    }

    // MARK: - Parts

    var supervisor: AccountSupervisor {
        AccountSupervisor(
            catalog: catalog, store: store, alerts: alerts, healthRegistry: healthRegistry,
            notifier: CatalogNotifier(
                redis: queue.redis, keys: CatalogKeys(prefix: queue.keys.prefix), logger: Self.silent),
            clock: Self.clock, logger: Self.silent)
    }

    var platforms: PlatformCaller {
        PlatformCaller(
            http: http, credentials: AccountCredentials(box: nil), tokens: AccountTokens(), clocks: PlatformClocks(),
            timeouts: configuration.timeouts, maxAnswerBytes: configuration.maxAnswerBytes, clock: Self.clock)
    }

    var prober: HealthProber {
        HealthProber(
            catalog: catalog, healthRegistry: healthRegistry, platforms: platforms, supervisor: supervisor,
            timeLeft: .seconds(5),
            clock: Self.clock, logger: Self.silent)
    }

    /// Measures `accounts`.
    ///
    /// `threshold` is the share that is worth an alert.
    func reconciler(_ accounts: Account..., threshold: Double = 0.8) -> QuotaReconciler {
        QuotaReconciler(
            catalog: LiveCatalog(
                CatalogSnapshot(models: [], accounts: accounts), store: store, interval: .seconds(3600),
                logger: Self.silent),
            ledger: QuotaLedger(pool), limiter: limiter, alerts: alerts,
            rule: AlertRule(from: threshold, hysteresis: 0.1), clock: Self.clock,
            logger: Self.silent)
    }

    /// `blocking`: a connection that the responder has to itself.
    func responder(blocking: RedisClient) -> PingResponder {
        PingResponder(
            inbox: AccountPings(redis: blocking, keys: keys), outbox: pings, store: store, catalog: catalog,
            platforms: platforms, clock: Self.clock, logger: Self.silent)
    }

    var pings: AccountPings { AccountPings(redis: queue.redis, keys: keys) }

    // MARK: - Doing and seeing

    func open(_ kind: AlertKind) async throws -> [String] { try await alerts.openSubjects(of: kind).sorted() }

    /// `count` outcomes one after the other, each begun after the cool-down that the one before brought.
    func note(_ outcome: Observation.Outcome, _ count: Int, account: String, model: String, from start: Int64) {
        for number in 0..<count {
            healthRegistry.note(outcome, account: account, model: model, began: start + Int64(number) * 60_000)
        }
    }

    /// Books an attempt of the account that used so many tokens two hours ago.
    ///
    /// That hour has settled, so the ledger alone counts it. In younger ones Redis keeps its own count.
    func book(_ account: String, tokens: Int, id: String) async throws {
        let began = Self.clock.now - 2 * 3_600_000
        var record = AttemptRecord(startedAt: began, enqueuedAt: began)
        (record.model, record.provider, record.account, record.status) = ("m", "openai", account, .done)
        record.usage = TokenUsage(input: tokens, output: 0)
        try await UsageLedger(pool).record([UsageRow(requestID: id, attempt: 1, isFinal: true, record: record)])
    }

    /// Runs services for as long as `body` takes, then shuts them down in good order.
    static func running(_ services: any Service..., body: () async throws -> Void) async throws {
        let group = ServiceGroup(services: services, logger: silent)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do { try await body() } catch {
                tasks.cancelAll()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}
