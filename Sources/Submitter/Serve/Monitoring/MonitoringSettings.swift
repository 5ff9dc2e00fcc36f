import Shared

/// Settings of the figures that a shim collects, and of the scaling signal.
struct MonitoringSettings: Sendable {
    /// Between two readings of queue and accounts.
    var interval = Duration.seconds(5)
    /// Time without a look after which nothing is collected any more.
    ///
    /// Every process has it.
    var patience = Duration.seconds(300)
    var scaling = ScalingSettings()
    /// Chosen: some teams with the dashboard open, at one connection each.
    var liveReaders = 64

    init() {}

    init(_ settings: inout Settings) {
        interval = settings.seconds(
            "METRICS_INTERVAL", default: 5, in: 1...300,
            "How often a shim reads queue and accounts for `/metrics`, as long as somebody looks; shorter than the time between two scrapes."
        )
        liveReaders = settings.int(
            "LIVE_READERS", default: liveReaders, in: 0...10_000,
            "Readers of `/api/v1/status/live` that one shim has at once, a dashboard each; then 503.")
        scaling = ScalingSettings(&settings)
    }
}
