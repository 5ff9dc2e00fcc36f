import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Shared

/// The shim's parts and how they are joined: HTTP on one side, the queue on the other.
///
/// Connections to Redis: the subscription, and for each shard commands, large answers, and blocking reads for requests of other
/// shims. In a cluster one more for what is known of accounts. Services stop in reverse order, so that the HTTP server drains
/// while the rest still works.
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
    /// `REQUIRE_DURABLE_REDIS`.
    var requiresDurableRedis = false
    /// `nil` where PostgreSQL answers, else what is wrong.
    var database: @Sendable () async -> String? = { nil }
    /// `nil`: without the routes that change the catalogue.
    var desk: AdminRoutes?
    var clock: any WallClock = SystemWallClock()
    var onListening: @Sendable (any Channel) async -> Void = { _ in }

    /// Everything that must run, first started first.
    func parts(
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) -> (services: [any Service], hub: ReplyHub) {
        var settings = redis
        settings.commandTimeout = min(settings.commandTimeout, config.submitTimeout)
        let changes = HubReference()
        let queues = queues("", settings, group) { shard, session in
            if session.isNewServer { changes.hub?.serverChanged(shard: shard) }
        }
        let large = self.queues("-large", redis, group)
        let hub = ReplyHub(
            shim: id, queues: queues, largeQueues: large, configuration: config.hub, logger: logger)
        changes.hub = hub
        let gauges = QueueGauges(queues: queues, logger: logger)
        let readiness = Readiness(
            queues: queues, gauges: gauges, models: models,
            needs: .init(workers: !config.isReadyWithoutWorkers, durableRedis: requiresDurableRedis))
        let subscription = RedisSubscription(
            redis, channels: [hub.channel], name: "shim-\(id)-in", group: group, logger: logger,
            onMessage: { _, payload in hub.received(ByteBuffer(bytes: payload)) },
            onSubscribed: {
                readiness.subscribed()
                hub.subscribed()
            })
        let replicas = replicas(queues, group)
        let pool = redis.isCluster ? client(redis, "-pool", home: PoolKeys(prefix: keys.prefix).base, group) : nil
        let connections = Connections()
        let parts = ShimParts(
            intake: JobSubmission(
                hub: hub, queues: queues, gauges: gauges, config: config, clock: clock,
                replicas: replicas.mapValues(\.watch)), hub: hub,
            models: ModelCheck(models: models),
            bodies: BodyReader(maxBytes: config.maxBodyBytes, budget: BodyBudget(limit: config.maxOpenBytes)),
            connections: connections)
        var services: [any Service] = (queues.all + large.all).map { $0.redis }
        if let pool { services.append(pool) }
        services.append(subscription)
        services.append(hub)
        for queue in queues.all {
            let blocking = client(redis, "-logs", home: queue.keys.shardPrefix, group)
            services.append(blocking)
            services.append(LogFollower(hub: hub, queue: queue, redis: blocking, logger: logger))
        }
        for (redis, watch) in replicas.values { services += [redis, watch] as [any Service] }
        services += [
            gauges,
            StuckCallers(connections: connections, writing: config.writeTimeout, reading: config.bodyTimeout),
            application(parts, pool ?? queues.all[0].redis, readiness, group),
            DrainSignal(
                readiness: readiness, hub: hub, delay: config.drainDelay, patience: config.drainTimeout),
        ]
        return (services, hub)
    }

    /// All shards, each over a connection of its own.
    private func queues(
        _ use: String, _ settings: RedisConfiguration, _ group: any EventLoopGroup,
        onConnect: @escaping @Sendable (Int, RedisSession) -> Void = { _, _ in }
    ) -> JobQueues {
        JobQueues(
            (0..<shards).map { shard in
                let keys = QueueKeys(prefix: keys.prefix, shard: shard)
                let commands = client(settings, use, home: keys.shardPrefix, group) { onConnect(shard, $0) }
                return JobQueue(redis: commands, keys: keys, limits: limits, clock: clock)
            })
    }

    /// By shard; none where submissions wait for no replica.
    private func replicas(
        _ queues: JobQueues, _ group: any EventLoopGroup
    ) -> [Int: (redis: RedisClient, watch: ReplicaWatch)] {
        guard config.waitReplicas > 0 else { return [:] }
        return Dictionary(
            uniqueKeysWithValues: queues.all.map { queue in
                let blocking = client(redis, "-wait", home: queue.keys.shardPrefix, group)
                let watched = JobQueue(redis: blocking, keys: queue.keys, limits: limits)
                let watch = ReplicaWatch(queue: watched, replicas: config.waitReplicas, patience: config.waitTimeout)
                return (queue.keys.shard, (blocking, watch))
            })
    }

    private func client(
        _ settings: RedisConfiguration, _ use: String, home: String, _ group: any EventLoopGroup,
        onConnect: @escaping @Sendable (RedisSession) async throws -> Void = { _ in }
    ) -> RedisClient {
        RedisClient(
            settings, name: "shim-\(id)\(use)", home: home, group: group, logger: logger, onConnect: onConnect)
    }

    /// `pool` is at the accounts' keys.
    private func application(
        _ parts: ShimParts, _ pool: RedisClient, _ readiness: Readiness, _ group: any EventLoopGroup
    ) -> any Service {
        var table = RouteTable()
        ChatRoutes(shim: parts).add(to: &table)
        CompletionsRoutes(shim: parts).add(to: &table)
        EmbeddingsRoutes(shim: parts).add(to: &table)
        JobRoutes(shim: parts).add(to: &table)
        ModelRoutes(models: models).add(to: &table)
        HealthRoutes(readiness: readiness).add(to: &table)
        DeadLetterRoutes(shards: parts.hub.queues.all.map(DeadLetters.init), logger: logger).add(to: &table)
        StatusRoutes(
            redis: pool, queues: parts.hub.queues, pool: PoolKeys(prefix: keys.prefix), models: models,
            database: database,
            clock: clock
        ).add(to: &table)
        desk?.add(
            to: &table, prefix: keys.prefix, redis: pool, models: models, bodies: parts.bodies, logger: logger)
        let connections = parts.connections
        let logger = logger
        let (config, onListening) = (config, onListening)
        // The server would say a second time where it listens.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        return Application(
            router: table.router(logger) { readiness.isDraining },
            server: HTTPServerBuilder { responder in
                ShimChannel(
                    responder: responder, connections: connections, idleTimeout: config.idleTimeout,
                    maxDrained: config.maxBodyBytes)
            },
            configuration: .init(address: .hostname(config.host, port: config.port), serverName: nil, backlog: 1024),
            onServerRunning: { channel in
                let address = channel.localAddress
                logger.info(
                    "listening",
                    metadata: [LogKey.address: "\(address?.ipAddress ?? "?"):\(address?.port ?? 0)"])
                do { try await channel.probesCallers(every: config.hub.ping) } catch {
                    logger.warning(
                        "callers that are gone are noticed late: TCP keep-alive cannot be set",
                        metadata: [LogKey.error: "\(error)"])
                }
                await onListening(channel)
            },
            eventLoopGroupProvider: .shared(group), logger: quiet)
    }
}

/// Turns readiness off before the server stops accepting, and says when the callers that still wait are sent away.
///
/// It starts last, so it is the first to be told of a shutdown. Connections are taken for `delay` longer: a load balancer
/// that has not looked at `/ready` since would see them refused, and those that the kernel took already would be reset.
struct DrainSignal: Service {
    let readiness: Readiness
    let hub: ReplyHub
    let delay: Duration
    let patience: Duration

    func run() async throws {
        do { try await gracefulShutdown() } catch { return }
        readiness.drain()
        // Also where the sleep is cut short: somebody is in a hurry then.
        defer { hub.drain(for: patience) }
        do { try await Task.sleep(for: delay) } catch { return }
    }
}

/// Disconnects callers that take no bytes, and ends the wait for those that send theirs too slowly.
struct StuckCallers: Service {
    let connections: Connections
    let writing: Duration
    let reading: Duration

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await Task.sleep(for: min(writing / 4, reading / 4, .seconds(1))) } catch { return }
                connections.closeStuck(writing: writing, reading: reading)
            }
        }
    }
}
