/// The settings that every process of the service needs, parsed once at start and immutable afterwards.
///
/// Each part is read where it is used (`RedisSettings` in `Shared/Redis`, and so on). Reading never throws: mistakes
/// collect in `Settings`, whose `check()` reports them all together.
package struct SharedConfig: Sendable {
    package var redis: RedisSettings
    package var postgres: PostgresConfiguration
    package var cachePrefix: String
    package var catalog: CatalogSettings
    package var masterKeys: MasterKeySettings
    package var log: LogSettings
    package var queue: QueueSettings
    package var alerts: AlertSettings
    package var webhooks: WebhookSettings
    package var heapTrimInterval: Duration
    package var loops: Int
    package var metricsPatience: Duration
    package var tracing: TracingSettings

    /// The order of the parts is that of `docs/configuration.md`.
    package init(_ settings: inout Settings) {
        redis = RedisSettings(&settings)
        postgres = PostgresConfiguration(&settings)
        cachePrefix = settings.text(
            "CACHE_PREFIX", default: "ai_model_service:", expected: "1 to 64 characters without blanks, *, ?, [, {, }",
            "Starts every key and channel in Redis; installations that share a Redis need different ones.",
            accepts: Self.isPrefix)
        catalog = CatalogSettings(&settings)
        masterKeys = MasterKeySettings(&settings)
        log = LogSettings(&settings)
        queue = QueueSettings(&settings)
        alerts = AlertSettings(&settings)
        webhooks = WebhookSettings(&settings)
        heapTrimInterval = settings.seconds(
            "MEMORY_TRIM_INTERVAL", default: 15, in: 0...3600,
            "How often memory that nobody uses goes back to the system; 0: never.")
        loops = settings.int(
            "LOOPS", default: 1, in: 0...256,
            "Event loops of a worker or shim; 1 runs its tasks on the loop too, which costs the least; 0 is one per core."
        )
        metricsPatience = settings.seconds(
            "METRICS_PATIENCE", default: 300, in: 10...86_400,
            "How long after the last look at `/metrics` figures are still collected that cost something; longer than the time between two scrapes."
        )
        tracing = TracingSettings(&settings)
    }

    private static func isPrefix(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { (33...126).contains($0) && !"*?[]{}\\".utf8.contains($0) }
    }
}
