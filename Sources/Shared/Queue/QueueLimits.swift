/// Times and sizes of the queue, the same in every process of one installation.
package struct QueueLimits: Sendable, Equatable {
    /// A worker that has not renewed for this long has lost its jobs.
    ///
    /// Long enough for a slow fork of Redis or a busy host, short enough that a caller barely notices a dead worker.
    package var lease = Duration.seconds(15)
    /// Time for which the log of a streamed or synchronous request outlives its end, for a reader that lost its
    /// connection.
    package var streamLogTTL = Duration.seconds(120)
    /// Time for which the log of a delivered answer stays, where nobody is to read it again.
    package var deliveredLogTTL = Duration.seconds(30)
    /// Time for which the answer of a job (jobs API, batch, Idempotency-Key) can be fetched.
    package var jobLogTTL = Duration.seconds(24 * 3600)
    /// Added to the deadline for the TTL of a running request's log: lease, reap and a restart fit into it.
    package var grace = Duration.seconds(60)
    /// Deadline of a request whose producer gave none.
    package var defaultDeadline = Duration.seconds(600)
    /// Longest deadline that callers may ask for: a day, because an answer is kept no longer.
    package static let longestDeadline = Duration.seconds(86_400)
    /// Deliveries of one entry that ended in a dead worker before it is called poison.
    package var maxDeliveries = 4
    /// Dead letters that stay in a shard, about: with bodies of 16 KB at most they take 160 MB.
    package var maxDeadLetters = 10_000
    /// Time for which a write to the queue is repeated while Redis is away, before the attempt is given up.
    ///
    /// Workers go on reading the platform meanwhile. Another worker then reaps the entry.
    package var patience = Duration.seconds(60)

    /// Shares of tenants that wait for the same thing, 1 for those that are not named.
    package var tenantWeights: [String: Int] = [:]
    /// Shares of the lanes among the requests that wait for the same accounts.
    package var laneWeights: [Lane: Int] = [.high: 8, .normal: 4, .batch: 1]

    package init() {}

    /// Weight of a request of this tenant and lane where lanes wait together.
    func roomWeight(_ tenant: String, _ lane: Lane) -> Int {
        tenantWeights[tenant, default: 1] * laneWeights[lane, default: 1]
    }

    /// Time for which the log of a job outlives its end.
    package func logTTL(of job: Job) -> Duration { logTTL(isTracked: job.isTracked) }

    func logTTL(isTracked: Bool) -> Duration { isTracked ? jobLogTTL : streamLogTTL }
}
