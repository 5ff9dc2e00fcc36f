import Shared

/// A line on its way: its request as the queue has it, and what it may take.
final class PlannedLine: Sendable {
    /// Stands for the hash of a body, since the id is that of this line alone.
    static let bodyHash = "batch"

    let number: Int
    let job: Job
    let body: [UInt8]
    let share: BatchPace.Share
    let outcome: LineOutcome

    init(_ number: Int, _ line: BatchLine, of batch: Batch, _ parts: BatchParts) {
        self.number = number
        body = line.body
        let key = "\(batch.id)/\(number)/\(batch.round)"
        let queue = parts.hub.queues.queue(tenant: batch.tenant, idempotencyKey: key)
        let id = JobID.make(shard: queue.keys.shard, tenant: batch.tenant, idempotencyKey: key)
        var job = Job(id: id, deadline: min(batch.times.deadline, Job.latestMoment), body: .inline(body))
        job.tenant = batch.tenant
        job.user = line.request.user
        job.requestID = batch.id
        job.operation = line.request.operation
        job.shim = parts.hub.shim
        job.lane = .batch
        job.provider = batch.options.provider
        job.routingStrategy = batch.options.routingStrategy
        job.cacheTTL = batch.options.cacheTTL
        // Where the batch has no trace its lines have none either, rather than one each.
        job.trace = batch.options.trace ?? parts.tracer?.silence
        self.job = job
        let options = batch.options
        share =
            options.maxCost == nil && options.tokensPerMinute == nil
            ? BatchPace.Share(bytes: body.count)
            : LinePricing(catalog: parts.models.catalog, provider: options.provider)
                .share(of: line.request, bytes: body.count)
        outcome = LineOutcome(batch: batch.id, line: number, customID: line.customID)
    }
}
