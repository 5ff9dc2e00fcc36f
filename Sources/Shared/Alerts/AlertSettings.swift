/// Settings of how conditions are looked at, the same in all processes.
package struct AlertSettings: Sendable {
    package var interval = Duration.seconds(5)
    package var clearAfter = Duration.seconds(15)
    /// Share of a threshold.
    package var hysteresis = 0.1
    package var unreachableAfter = Duration.seconds(15)
    package var noWorkerAfter = Duration.seconds(15)
    package var workerLostFor = Duration.seconds(3600)
    package var keep = Duration.seconds(90 * 86_400)

    /// Longest time between two looks that follow each other: a look may wait for a server that hangs.
    package var patience: Duration { interval * 3 + .seconds(20) }

    package init() {}

    package init(_ settings: inout Settings) {
        interval = settings.seconds(
            "ALERT_INTERVAL", default: 5, in: 0.2...300,
            "How often the conditions of alerts are looked at, and messages about them are sent.")
        clearAfter = settings.seconds(
            "ALERT_CLEAR_AFTER", default: 15, in: 0...3600,
            "How long a condition must not have been found before its alert is over, two ALERT_INTERVALs at least; what comes and goes makes one alert."
        )
        hysteresis = settings.number(
            "ALERT_HYSTERESIS", default: 0.1, in: 0...0.9,
            "An open alert stays open until its value is this share of the threshold on the good side of it.")
        unreachableAfter = settings.seconds(
            "UNREACHABLE_ALERT_AFTER", default: 15, in: 0...3600,
            "How long Redis or PostgreSQL must be away for an alert; longer than a restart or a failover takes.")
        noWorkerAfter = settings.seconds(
            "NO_WORKER_ALERT_AFTER", default: 15, in: 0...3600,
            "How long no worker must be alive for an alert; a worker is alive for a LEASE after its last heartbeat.")
        workerLostFor = settings.seconds(
            "WORKER_LOST_ALERT_FOR", default: 3600, in: 1...604_800,
            "How long an alert about a worker that died stays open where no other worker takes its place.")
        keep = settings.seconds(
            "ALERT_RETENTION", default: 90 * 86_400, in: 60...315_360_000,
            "How long alerts that are over are kept.")
    }
}
