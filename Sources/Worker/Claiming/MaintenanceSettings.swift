import Shared

/// Settings of `QueueMaintenance`, whose interval `AdmissionService` shares.
struct MaintenanceSettings: Sendable {
    var interval: Duration
    /// The same while no job has run for five seconds.
    var idleInterval: Duration
    /// Waiting jobs moved in one look.
    var batch: Int
    var consumerSweep: Duration
    /// Silence after which a consumer that holds nothing is removed.
    var consumerIdle: Duration

    init(_ settings: inout Settings) {
        interval = settings.seconds(
            "PROMOTE_INTERVAL", default: 0.25, in: 0.01...60,
            "How often waiting jobs are looked at; they may start this much late.")
        idleInterval = settings.seconds(
            "IDLE_INTERVAL", default: 1, in: 0.01...60,
            "The same in a worker that has had no job for 5 s.")
        batch = settings.int(
            "PROMOTE_BATCH", default: 100, in: 1...10_000,
            "Waiting jobs moved in one look.")
        consumerSweep = settings.seconds(
            "CONSUMER_SWEEP", default: 60, in: 1...3600,
            "How often consumers of dead workers are removed.")
        consumerIdle = settings.seconds(
            "CONSUMER_IDLE", default: 300, in: 10...86_400,
            "Silence after which a consumer that holds nothing is removed.")
    }
}
