/// The queue as the environment says it, the same for every process of one installation.
package struct QueueSettings: Sendable {
    package var limits: QueueLimits
    package var shards: Int

    package init(_ settings: inout Settings) {
        limits = QueueLimits(&settings)
        shards = settings.int(
            "QUEUE_SHARDS", default: 1, in: 1...64,
            "Parts of the queue that a Redis Cluster may spread over its nodes; may grow, workers first, and must not shrink."
        )
    }
}

extension QueueLimits {
    init(_ settings: inout Settings) {
        self.init()
        lease = settings.seconds(
            "LEASE", default: 15, in: 1...600, "A worker that is silent for this long has lost its jobs.")
        defaultDeadline = settings.seconds(
            "JOB_DEADLINE", default: 600, in: 1...86_400, "Time a request has when its caller names none.")
        streamLogTTL = settings.seconds(
            "STREAM_LOG_TTL", default: 120, in: 5...86_400, "How long a finished stream can still be read again.")
        deliveredLogTTL = settings.seconds(
            "DELIVERED_LOG_TTL", default: 30, in: 1...86_400,
            "How long the log of an answer stays that its caller has received whole; a LEASE at least, `STREAM_LOG_TTL` at most."
        )
        jobLogTTL = settings.seconds(
            "JOB_LOG_TTL", default: 86_400, in: 60...2_592_000,
            "How long the answer of a job or of an `Idempotency-Key` is kept.")
        maxDeliveries = settings.int(
            "MAX_DELIVERIES", default: 4, in: 1...100,
            "Deliveries of a request to workers that died, the last of which makes it a dead letter.")
        maxDeadLetters = settings.int(
            "DEAD_LETTERS_MAX", default: 10_000, in: 100...10_000_000,
            "Dead letters that stay in a shard of Redis, about; then the oldest are forgotten. 10,000 take 160 MB at most."
        )
        let weights = settings.text(
            "TENANT_WEIGHTS", default: "", expected: "tenant=weight pairs, separated by commas, weights from 1 to 1000",
            "Shares of tenants that wait for the same thing, as in `gold=4,free=1`; 1 for the others.",
            accepts: { Self.tenantWeights($0) != nil })
        tenantWeights = Self.tenantWeights(weights) ?? [:]
    }

    /// `nil` where a pair is malformed or a tenant is named twice.
    private static func tenantWeights(_ text: String) -> [String: Int]? {
        var weights: [String: Int] = [:]
        for pair in text.split(separator: ",") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let weight = Int(parts[1].trimmingSpaces), (1...1000).contains(weight) else {
                return nil
            }
            let tenant = String(parts[0].trimmingSpaces)
            guard !tenant.isEmpty, weights.updateValue(weight, forKey: tenant) == nil else { return nil }
        }
        return weights
    }
}
