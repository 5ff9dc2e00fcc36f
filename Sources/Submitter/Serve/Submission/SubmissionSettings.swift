import Shared

/// A submission's patience with Redis, and with its replicas.
struct SubmissionSettings: Sendable {
    var timeout = Duration.seconds(5)
    /// Replicas that must have a tracked request, 0 to wait for none.
    var replicas = 0
    var replicaTimeout = Duration.seconds(1)

    init() {}

    init(_ settings: inout Settings) {
        timeout = settings.seconds(
            "SUBMIT_TIMEOUT", default: 5, in: 0.1...60, "How long a request may wait for Redis to take it; then 503.")
        replicas = settings.int(
            "SUBMIT_WAIT_REPLICAS", default: 0, in: 0...10,
            "Replicas of Redis that must have a job, or a request with an `Idempotency-Key`, before it counts as accepted; else 503 `not_replicated`, with its id."
        )
        replicaTimeout = settings.seconds(
            "SUBMIT_WAIT_TIMEOUT", default: 1, in: 0.01...60, "How long they may take for that.")
    }
}
