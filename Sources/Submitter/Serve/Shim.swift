import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Shared

/// The shim's parts and how they are joined: HTTP on one side, the queue on the other.
///
/// Services stop in reverse order, so that the HTTP server drains while the rest still works.
struct Shim {
    let config: ShimConfig
    let redis: RedisConfiguration
    let keys: QueueKeys
    let limits: QueueLimits
    var shards = 1
    let models: any ModelLookup
    let logger: Logger
    /// Unlike any other process, and unlike this one before a restart.
    let id: String
    /// The problem with PostgreSQL, or `nil` where it answers.
    var database: @Sendable () async -> String? = { nil }
    /// `nil`: without the routes that change the catalogue.
    var catalogAccess: CatalogAccess?
    /// `nil` without a database: no batches then.
    var batches: BatchStore?
    /// All settings as this process has them, `nil` without `DEBUG`.
    var shownSettings: [SettingDescription]?
    /// `nil`: this process raises no alerts.
    var alerts: AlertParts?
    var clock: any WallClock = SystemWallClock()
    var metrics = MetricsRegistry()
    var onListening: @Sendable (any Channel) async -> Void = { _ in }

    /// It asks for messages with several records.
    static func makeID() -> String { ProcessName.make(role: "shim") + ReplyMessage.together }

    /// All services, first started first.
    func parts(
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) -> (services: [any Service], hub: ReplyHub) {
        let reference = HubReference()
        let links = ShimLinks(self, group) { shard in reference.hub?.serverChanged(shard: shard) }
        let hub = ReplyHub(
            shim: id, queues: links.queues, largeQueues: links.largeQueues, configuration: config.hub, logger: logger)
        reference.hub = hub
        let gauges = QueueGauges(queues: links.queues, logger: logger)
        let readiness = Readiness(queues: links.queues, gauges: gauges, models: models, needs: config.readiness)
        let subscription = links.subscription(channel: hub.channel) { payload in
            hub.received(payload)
        } onSubscribed: {
            readiness.subscribed()
            hub.subscribed()
        }
        let budgets = LiveBudgets(redis: links.pool, keys: PoolKeys(prefix: keys.prefix), clock: clock, logger: logger)
        let requests = requestParts(hub, gauges, budgets, links)
        let monitoring = monitoring(links, hub, gauges, group)
        let table = routes(requests, readiness, monitoring, links.pool).table
        let application = application(table, requests, readiness, group)
        let watching: [any Service] = [gauges] + links.services(of: budgets)
        let services: [any Service] =
            links.commands + [subscription, hub] + links.followers(of: hub) + links.replicaServices + watching
            + batchServices(requests) + alertServices(links) + [
                monitoring.collection,
                StuckCallers(
                    connections: requests.connections, timeouts: config.callers, stuck: metrics.counter(.slowReaders)),
                application,
                DrainSignal(readiness: readiness, hub: hub, settings: config.drain),
            ]
        return (services, hub)
    }

    private func alertServices(_ links: ShimLinks) -> [any Service] {
        guard let alerts else { return [] }
        return [
            ShimAlerts(alerts, links.queues, redis: links.pool, prefix: keys.prefix, shim: id, problem: database)
        ]
    }

    private func batchServices(_ parts: ShimParts) -> [any Service] {
        guard let batches, config.batchRuns.mostBatches > 0 else { return [] }
        return [
            BatchService(
                parts: BatchParts(
                    store: batches, hub: parts.hub, gauges: parts.submission.gauges,
                    admission: parts.submission.admission, models: models, clock: clock, settings: config.batchRuns,
                    logger: logger))
        ]
    }

    private func requestParts(
        _ hub: ReplyHub, _ gauges: QueueGauges, _ budgets: LiveBudgets, _ links: ShimLinks
    ) -> ShimParts {
        let submission = JobSubmission(
            hub: hub, queues: links.queues, gauges: gauges, settings: config.submission,
            admission: Admission(limits: config.admission), budgets: budgets, maxOpen: config.requests.maxOpen,
            clock: clock, replicas: links.replicas.mapValues(\.watch))
        let budget = BodyBudget(limit: config.requests.maxOpenBytes)
        return ShimParts(
            submission: submission, hub: hub, models: ModelCheck(models: models),
            bodies: BodyReader(maxBytes: config.requests.maxBodyBytes, budget: budget),
            connections: CallerConnections(), resumes: metrics.counter(.streamResumes))
    }

    /// `pool` is at the accounts' keys.
    private func routes(
        _ parts: ShimParts, _ readiness: Readiness, _ monitoring: MonitoringRoutes, _ pool: RedisClient
    ) -> Routes {
        let queues = parts.hub.queues
        return Routes(
            shim: parts, models: ModelRoutes(models: models), health: HealthRoutes(readiness: readiness),
            status: StatusRoutes(
                redis: pool, queues: queues, pool: PoolKeys(prefix: keys.prefix), models: models, database: database,
                clock: clock),
            monitoring: monitoring,
            deadLetters: DeadLetterRoutes(shards: queues.all.map(DeadLetters.init), logger: logger),
            admin: catalogAccess.map { access in
                AdminRoutes(
                    access, prefix: keys.prefix, redis: pool, models: models, bodies: parts.bodies, logger: logger)
            },
            batches: batches.map { store in
                let shared = BatchRoutes.Parts(
                    bodies: parts.bodies, connections: parts.connections, clock: clock, logger: logger)
                return BatchRoutes(store, config.batches, shared)
            },
            ledger: catalogAccess.map { access in
                LedgerRoutes(access.postgres, jobs: JobReader(hub: parts.hub, clock: clock), clock: clock)
            }, pages: PageRoutes(folder: config.pages), debug: shownSettings.map(DebugRoutes.init))
    }
}
