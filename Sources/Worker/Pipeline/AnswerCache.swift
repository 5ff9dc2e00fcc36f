import Logging
import Shared

/// Answers equal requests from the cache, and keeps the answers that platforms give.
///
/// Only where the request or its model says for how long. Nothing here fails a request: while Redis is away a platform
/// is called, and nothing is kept.
final class AnswerCache: Sendable {
    let cache: ResponseCache
    let metrics: WorkerMetrics
    let clock: any WallClock
    let logger: Logger

    init(cache: ResponseCache, metrics: WorkerMetrics, clock: any WallClock, logger: Logger) {
        self.cache = cache
        self.metrics = metrics
        self.clock = clock
        self.logger = logger
    }

    /// The plan after a look into the cache.
    ///
    /// Refused requests are not looked up.
    func consulted(_ plan: JobPlan) async -> JobPlan {
        guard let request = plan.request, let seconds = plan.cacheTTL, seconds > 0 else { return plan }
        let key = CacheKey.make(tenant: plan.job.tenant, provider: plan.job.provider, request: request)
        var found: CachedAnswer?
        do throws(RedisError) { found = try await cache.answer(key) } catch { complain(error) }
        metrics.cacheAsked(isHit: found != nil)
        return JobPlan(plan, CachePlan(key: key, seconds: seconds), found)
    }

    /// Collects the deltas of a stream whose answer is to be kept.
    func copy(for plan: JobPlan) -> StreamCopy? {
        plan.cache.map { _ in StreamCopy(maxBytes: cache.limits.maxBytes) }
    }

    /// Keeps a complete answer of an attempt.
    ///
    /// An answer that a filter cut off, or that a fallback model gave, is not kept: the next request may fare better.
    func keep(_ completion: ChatCompletionEnd, of ended: EndedAttempt) async {
        let (plan, record, copy) = (ended.run.plan, ended.record, ended.outcome.copy)
        guard let place = plan.cache, plan.cachedAnswer == nil, completion.finishReason != "content_filter",
            plan.choice?.candidates.options.contains(where: { $0.model.id == record.model }) == true
        else { return }
        let body =
            completion.body.isEmpty
            ? copy?.completion(id: ended.run.attempt.id, created: clock.now / 1000, usage: record.usage)
            : completion.body
        guard let body else { return }
        let answer = CachedAnswer(
            model: record.model, upstreamModel: record.upstreamModel, finishReason: record.finishReason,
            usage: record.usage, body: body)
        do throws(RedisError) { try await cache.keep(answer, as: place.key, seconds: place.seconds) } catch {
            complain(error)
        }
    }

    private func complain(_ error: RedisError) {
        logger.debug("kept answers cannot be reached", metadata: [LogKey.error: "\(error)"])
    }
}

/// Joins the deltas of a stream to a completion, as long as it may be small enough to be kept.
struct StreamCopy: Sendable {
    /// Chosen: a delta of a few bytes takes about a hundred in its chunk.
    private static let chunkOverhead = 16

    private var assembly: CompletionAssembly? = CompletionAssembly()
    private var bytesLeft: Int
    private let maxBytes: Int

    init(maxBytes: Int) {
        self.maxBytes = maxBytes
        bytesLeft = maxBytes * StreamCopy.chunkOverhead
    }

    mutating func add(_ payload: [UInt8]) {
        bytesLeft -= payload.count
        if bytesLeft < 0 { assembly = nil }
        assembly?.add(payload)
    }

    /// `nil` where the answer is too large.
    func completion(id: String, created: Int64, usage: TokenUsage) -> [UInt8]? {
        let body = assembly?.completion(id: id, created: created, usage: usage.openAI).encoded
        return body.flatMap { $0.count <= maxBytes ? $0 : nil }
    }
}
