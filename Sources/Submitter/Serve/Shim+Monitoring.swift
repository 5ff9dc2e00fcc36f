import NIOCore
import Shared

extension Shim {
    /// The routes for whoever watches, over figures that are collected while somebody does.
    func monitoring(
        _ links: ShimLinks, _ parts: ShimParts, _ group: any EventLoopGroup
    ) -> MonitoringRoutes {
        let report = FiguresReport(registry: metrics, shim: id, clock: clock)
        let figures = LiveFigures(report, most: config.monitoring.liveReaders, ping: config.hub.ping)
        let reader = FiguresReader(
            queues: links.queues, redis: links.pool, pool: PoolKeys(prefix: keys.prefix), models: models,
            database: database, clock: clock)
        let collector = FiguresCollector(reader, config.monitoring, logger: logger)
        let delay = LoopDelay(group, metrics)
        let collection = MetricsCollection(
            [
                .init(every: config.monitoring.interval) { figures.publish(await collector.collect()) },
                .init(every: LoopDelay.interval) { delay.look() },
            ], patience: config.monitoring.patience)
        addSources(links.queues, parts.hub, parts.submission.gauges, collector)
        return MonitoringRoutes(
            registry: metrics, collection: collection, collector: collector, report: report, figures: figures,
            connections: parts.connections, settings: config.monitoring)
    }

    /// Figures that are read of their owners at the moment of a scrape.
    private func addSources(
        _ queues: JobQueues, _ hub: ReplyHub, _ gauges: QueueGauges, _ collector: FiguresCollector
    ) {
        metrics.describe(process: "shim") { queues.all.allSatisfy(\.redis.isConnected) }
        metrics.add { collector.readings }
        metrics.add {
            [MetricReading(.openRequests, hub.openCount), MetricReading(.openStreams, hub.openStreams)]
        }
        metrics.add {
            let servers = queues.all.compactMap { queue in
                gauges.latest(of: queue).map { ("\(queue.keys.shard)", $0) }
            }
            return [
                MetricReading(.redisMemory, servers.map { ([$0.0], Double($0.1.usedMemory)) }),
                MetricReading(.redisMemoryLimit, servers.map { ([$0.0], Double($0.1.memoryBound)) }),
            ]
        }
    }
}
