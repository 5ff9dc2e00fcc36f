/// Times and sizes of the queue; every process of one installation should use the same.
package struct QueueLimits: Sendable, Equatable {
    /// A worker that has not renewed for this long has lost its jobs.
    ///
    /// Long enough for a garbage-laden Redis fork or a busy
    /// host, short enough that a caller barely notices a dead worker.
    package var lease = Duration.seconds(15)
    /// How long the log of a streamed or synchronous request outlives its end, for a reader that lost its connection.
    package var streamLogTTL = Duration.seconds(120)
    /// How long the log of an answer that was delivered stays, where nobody is to read it again.
    package var deliveredLogTTL = Duration.seconds(30)
    /// How long the answer of a job (jobs API, batch, Idempotency-Key) can be fetched.
    package var jobLogTTL = Duration.seconds(24 * 3600)
    /// Added to the deadline for the TTL of a running request's log: lease, reap and a restart fit into it.
    package var grace = Duration.seconds(60)
    /// Deadline of a request whose producer gave none.
    package var defaultDeadline = Duration.seconds(600)
    /// What callers may ask for at most: a day, because an answer is kept no longer.
    package static let longestDeadline = Duration.seconds(86_400)
    /// Deliveries of one entry that ended in a dead worker before it is called poison.
    package var maxDeliveries = 4
    /// Dead letters that stay in a shard, about: with bodies of 16 KB at most they take 160 MB.
    package var maxDeadLetters = 10_000
    /// How long a write to the queue is repeated while Redis is away, before the attempt is given up.
    ///
    /// Its entry is then reaped by another worker. QUEUE.md: workers go on reading the platform for 60 s.
    package var patience = Duration.seconds(60)

    /// Shares of tenants that wait for the same thing; 1 for those that are not named.
    package var tenantWeights: [String: Int] = [:]
    /// Shares of the lanes among the requests that wait for the same accounts.
    package var laneWeights: [Lane: Int] = [.high: 8, .normal: 4, .batch: 1]

    package init() {}

    /// What a request of this tenant and lane counts where lanes wait together.
    func roomWeight(_ tenant: String, _ lane: Lane) -> Int {
        tenantWeights[tenant, default: 1] * laneWeights[lane, default: 1]
    }

    /// How long the log of a job outlives its end.
    package func logTTL(of job: Job) -> Duration { logTTL(isTracked: job.isTracked) }

    func logTTL(isTracked: Bool) -> Duration { isTracked ? jobLogTTL : streamLogTTL }
}
