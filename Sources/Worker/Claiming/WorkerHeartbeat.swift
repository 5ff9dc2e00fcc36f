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

    /// To be repeated within a lease.
    func show(jobs: Int) async throws(RedisError) {
        try await queue.beat(name)
        _ = try await queue.redis.send(
            RedisCommand(
                "SET", .string(queue.keys.workerStatus(name)),
                .string(WorkerCard(jobs: jobs, slots: slots, totals: metrics.totals).text), "PX",
                .int(queue.limits.lease.milliseconds)))
    }

    func remove() async throws(RedisError) {
        try await queue.stopBeating(name)
        _ = try await queue.redis.send(RedisCommand("DEL", .string(queue.keys.workerStatus(name))))
    }
}
