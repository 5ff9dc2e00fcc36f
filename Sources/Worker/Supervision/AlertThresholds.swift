import Shared

/// Settings of the conditions that the elected worker measures.
struct AlertThresholds: Sendable {
    var healthScore: Double
    var healthAfter: Duration
    var errorRate: Double
    var errorWindow: Duration
    var errorLeast: Int
    var queueAge: Duration
    var batchAge: Duration
    var capacityWait: Duration

    init(_ settings: inout Settings) {
        healthScore = settings.number(
            "HEALTH_ALERT_THRESHOLD", default: 0.5, in: 0...1,
            "Health score of a route below which an alert is raised; slowness alone takes no more than half.")
        healthAfter = settings.seconds(
            "HEALTH_ALERT_AFTER", default: 60, in: 0...86_400, "How long the score must be below it.")
        errorRate = settings.number(
            "ERROR_RATE_ALERT_THRESHOLD", default: 0.1, in: 0.001...1,
            "Share of requests that end with an error which is not their caller's, from which on an alert is raised.")
        errorWindow = settings.seconds(
            "ERROR_RATE_WINDOW", default: 300, in: 1...86_400, "Time over which that share is measured.")
        errorLeast = settings.int(
            "ERROR_RATE_MIN_REQUESTS", default: 20, in: 1...1_000_000,
            "Requests that must have ended in that time; fewer say little.")
        queueAge = settings.seconds(
            "QUEUE_AGE_ALERT_THRESHOLD", default: 60, in: 0.1...86_400,
            "How long a request of the `high` or `normal` lane may wait for a worker before an alert is raised.")
        batchAge = settings.seconds(
            "BATCH_AGE_ALERT_THRESHOLD", default: 3600, in: 0.1...604_800,
            "The same for the `batch` lane, whose requests wait on purpose.")
        capacityWait = settings.seconds(
            "CAPACITY_ALERT_THRESHOLD", default: 60, in: 0.1...86_400,
            "How long a request of the `high` or `normal` lane may wait for an account before an alert is raised.")
    }
}
