import Shared

/// Name and heartbeat of this worker process, with its card in Redis for people to look at.
///
/// Neither decides where a job runs: the heartbeat only says that a worker is there to take work.
struct WorkerHeartbeat: Sendable {
    /// `host-pid-8 random hex digits`, new at every start: a restarted worker is another one.
    let name: String
    let queue: JobQueue
    /// Jobs that this process runs at once.
    let slots: Int
    let metrics: WorkerMetrics

    /// Longer than it takes others to notice that the worker has gone.
    private static let farewell = Duration.seconds(60)

    /// To be repeated within a lease.
    func show(jobs: Int) async throws(RedisError) {
        try await queue.beat(name)
        try await write(WorkerCard(jobs: jobs, slots: slots, totals: metrics.totals), for: queue.limits.lease)
    }

    /// The card says goodbye before the heartbeat goes, so that nobody takes the worker for lost.
    func remove() async throws(RedisError) {
        try await write(.left, for: Self.farewell)
        try await queue.stopBeating(name)
    }

    private func write(_ card: WorkerCard, for life: Duration) async throws(RedisError) {
        _ = try await queue.redis.send(
            RedisCommand(
                "SET", .string(queue.keys.workerStatus(name)), .string(card.text), "PX", .int(life.milliseconds)))
    }
}
