import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Shared

/// The shim's parts and how they are joined: HTTP on one side, the queue on the other.
///
/// Four connections to Redis: commands, large answers, the subscription, and blocking reads for requests of other shims.
/// Services stop in reverse order, so that the HTTP server drains while the rest still works.
struct Shim {
    let config: ShimConfig
    let redis: RedisConfiguration
    let keys: QueueKeys
    let limits: QueueLimits
    let models: any ModelLookup
    let logger: Logger
    /// Unlike any other process, and unlike this one before a restart.
    let id: String
    /// `REQUIRE_DURABLE_REDIS`.
    var requiresDurableRedis = false
    /// `nil` where PostgreSQL answers, else what is wrong.
    var database: @Sendable () async -> String? = { nil }
    /// `nil`: without the routes that change the catalogue.
    var desk: CatalogDesk?
    var clock: any WallClock = SystemWallClock()
    var onListening: @Sendable (any Channel) async -> Void = { _ in }

    /// Everything that must run, first started first.
    func parts(
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) -> (services: [any Service], hub: ReplyHub) {
        var settings = redis
        settings.commandTimeout = min(settings.commandTimeout, config.submitTimeout)
        let changes = HubReference()
        let commands = RedisClient(
            settings, name: "shim-\(id)", group: group, logger: logger,
            onConnect: { session in if session.isNewServer { changes.hub?.serverChanged() } })
        let queue = JobQueue(redis: commands, keys: keys, limits: limits, clock: clock)
        let large = RedisClient(redis, name: "shim-\(id)-large", group: group, logger: logger)
        let hub = ReplyHub(
            shim: id, queue: queue, largeQueue: JobQueue(redis: large, keys: keys, limits: limits, clock: clock),
            configuration: config.hub, logger: logger)
        changes.hub = hub
        let gauges = QueueGauges(queue: queue, logger: logger)
        let readiness = Readiness(
            redis: commands, gauges: gauges, models: models,
            needs: .init(workers: !config.isReadyWithoutWorkers, durableRedis: requiresDurableRedis))
        let subscription = RedisSubscription(
            redis, channels: [hub.channel], name: "shim-\(id)-in", group: group, logger: logger,
            onMessage: { _, payload in hub.received(ByteBuffer(bytes: payload)) },
            onSubscribed: {
                readiness.subscribed()
                hub.subscribed()
            })
        let blocking = RedisClient(redis, name: "shim-\(id)-logs", group: group, logger: logger)
        let connections = Connections()
        let parts = ShimParts(
            intake: Intake(hub: hub, queue: queue, gauges: gauges, config: config, clock: clock), hub: hub,
            models: ModelCheck(models: models),
            bodies: BodyReader(maxBytes: config.maxBodyBytes, budget: BodyBudget(limit: config.maxOpenBytes)),
            connections: connections)
        let services: [any Service] = [
            commands, large, blocking, subscription, hub, LogFollower(hub: hub, redis: blocking, logger: logger),
            gauges,
            StuckWriters(connections: connections, limit: config.writeTimeout),
            application(parts, readiness, group),
            DrainSignal(readiness: readiness, hub: hub, patience: config.drainTimeout),
        ]
        return (services, hub)
    }

    private func application(_ parts: ShimParts, _ readiness: Readiness, _ group: any EventLoopGroup) -> any Service {
        var table = RouteTable()
        ChatRoutes(shim: parts).add(to: &table)
        EmbeddingsRoutes(shim: parts).add(to: &table)
        JobRoutes(shim: parts).add(to: &table)
        ModelRoutes(models: models).add(to: &table)
        HealthRoutes(readiness: readiness).add(to: &table)
        let queue = parts.intake.queue
        DeadLetterRoutes(shards: [DeadLetters(queue: queue)], logger: logger).add(to: &table)
        StatusRoutes(
            redis: queue.redis, queue: queue, pool: PoolKeys(prefix: keys.prefix), models: models, database: database,
            clock: clock
        ).add(to: &table)
        desk?.add(
            to: &table, prefix: keys.prefix, redis: queue.redis, models: models, bodies: parts.bodies, logger: logger)
        let connections = parts.connections
        let logger = logger
        let onListening = onListening
        // The server would say a second time where it listens.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        return Application(
            router: table.router(logger),
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [Connections.Handler(connections)],
                    idleTimeout: .milliseconds(config.idleTimeout.milliseconds))),
            configuration: .init(address: .hostname(config.host, port: config.port), serverName: nil, backlog: 1024),
            onServerRunning: { channel in
                let address = channel.localAddress
                logger.info(
                    "listening",
                    metadata: [LogKey.address: "\(address?.ipAddress ?? "?"):\(address?.port ?? 0)"])
                await onListening(channel)
            },
            eventLoopGroupProvider: .shared(group), logger: quiet)
    }
}

/// Last to start, first to be told of a shutdown: turns readiness off before the server stops accepting, and says when the
/// callers that still wait are sent away.
struct DrainSignal: Service {
    let readiness: Readiness
    let hub: ReplyHub
    let patience: Duration

    func run() async throws {
        do { try await gracefulShutdown() } catch { return }
        readiness.drain()
        hub.drain(for: patience)
    }
}

/// Disconnects callers that take no bytes.
struct StuckWriters: Service {
    let connections: Connections
    let limit: Duration

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await Task.sleep(for: min(limit / 4, .seconds(1))) } catch { return }
                connections.closeStuck(for: limit)
            }
        }
    }
}
