import Shared

/// Settings of the scaling signal.
struct ScalingSettings: Sendable {
    var load = 0.8
    var age = Duration.seconds(2)
    var slots = 512

    init() {}

    init(_ settings: inout Settings) {
        load = settings.number(
            "SCALING_LOAD", default: load, in: 0.05...1,
            "Share of its slots to which `/api/v1/queue/scaling` fills each worker; the rest takes what comes until others have started."
        )
        age = settings.seconds(
            "SCALING_AGE", default: 2, in: 0.1...3600,
            "Age of the oldest request of the lanes `high` and `normal` that only waits for a worker, from which on it asks for half as many workers more."
        )
        slots = settings.int(
            "SCALING_SLOTS", default: slots, in: 1...20_000,
            "Jobs that a worker runs at once, as it assumes while no worker is alive to say it: their WORKER_CONCURRENCY."
        )
    }
}
