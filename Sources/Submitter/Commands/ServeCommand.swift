import ArgumentParser
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Shared
import UnixSignals

/// `submitter serve`: the HTTP shim.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serves the OpenAI-compatible HTTP API and the jobs API.",
        discussion: """
            Waits for PostgreSQL, applies migrations, loads CATALOG_FILE into an empty catalogue, then listens on \
            SERVICE_HOST:SERVICE_PORT (127.0.0.1:8007). The address is in the log line 'listening'. While PostgreSQL is \
            away it starts with the catalogue's copy in Redis.

            SIGTERM and SIGINT drain: /ready turns to 503, no new connection is accepted, open requests have \
            DRAIN_TIMEOUT to end; then exit code 0.

            Example: SERVICE_PORT=8010 submitter serve
            """)

    func run() async throws {
        let startup = try Startup()
        let logger = startup.logger("submitter")
        let redis = try startup.redis()
        do {
            if let complaint = try await startup.shared.durabilityComplaint(logger: logger) {
                StandardStreams.error("\(complaint)\n")
                throw Exit.wrongSettings
            }
            try await serve(startup, redis, logger)
        } catch let code as ExitCode {
            throw code
        } catch {
            let address = "\(startup.shim.listen.host):\(startup.shim.listen.port)"
            let known = ListenFailure(error, address: address, host: "SERVICE_HOST", port: "SERVICE_PORT")
            logger.critical("the shim cannot run", metadata: [LogKey.error: "\(known ?? error)"])
            throw Exit.failed
        }
    }

    private func serve(_ startup: Startup, _ redis: RedisConfiguration, _ logger: Logger) async throws {
        let metrics = MetricsRegistry()
        var (redis, database) = (redis, startup.postgres())
        redis.calls = metrics.timer(.redisCommands)
        database.metrics = PostgresMetrics(metrics)
        let postgres = PostgresPool(database)
        let loops = Loops(startup.shared.loops, logger: logger)
        let catalog = try await CatalogBootstrap(startup.shared, postgres, logger, group: loops.group).start()
        var config = startup.shim
        config.readiness.durableRedis = startup.shared.redis.requiresDurability
        config.monitoring.patience = startup.shared.metricsPatience
        let id = Shim.makeID()
        let shim = Shim(
            config: config, redis: redis, keys: startup.shared.keys, limits: startup.shared.queue.limits,
            shards: startup.shared.queue.shards, models: catalog, logger: logger, id: id,
            database: { await postgres.problem() },
            catalogAccess: CatalogAccess(postgres: postgres, box: try startup.shared.masterKeys.box()),
            batches: BatchStore(postgres), shownSettings: startup.shownSettings,
            alerts: AlertParts(
                startup.shared.alerts, startup.shared.webhooks, postgres, group: loops.group, logger: logger),
            metrics: metrics,
            tracing: Tracing(
                startup.shared.tracing, service: "ai-model-service-shim", instance: id, metrics: metrics,
                group: loops.group, logger: logger))
        let parts: [any Service] =
            [HeapTrimmer(every: startup.shared.heapTrimInterval), catalog] + shim.parts(group: loops.group).services
        var configuration = ServiceGroupConfiguration(
            services: parts.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        // The hub sends waiting callers away after DRAIN_TIMEOUT. This ends connections that do not end even then.
        configuration.maximumGracefulShutdownDuration = config.drain.timeout + .seconds(10)
        let services = ServiceGroup(configuration: configuration)
        try await loops.run { try await services.run() }
        await postgres.close()
        try await loops.group.shutdownGracefully()
        logger.info("shim ended")
    }
}

extension LiveCatalog: ModelLookup {
    var catalog: CatalogSnapshot? { current }
}
