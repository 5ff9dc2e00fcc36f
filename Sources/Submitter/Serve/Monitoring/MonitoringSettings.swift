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

    init() {}

    init(_ settings: inout Settings) {
        interval = settings.seconds(
            "METRICS_INTERVAL", default: 5, in: 1...300,
            "How often a shim reads queue and accounts for `/metrics`, as long as somebody looks; shorter than the time between two scrapes."
        )
        scaling = ScalingSettings(&settings)
    }
}
