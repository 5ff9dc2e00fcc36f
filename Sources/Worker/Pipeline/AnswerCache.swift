import Logging
import Shared

/// Answers for equal requests: looks for one before a route is taken, keeps the one that was made.
///
/// Only where the request or its model says for how long. Nothing here fails a request: without Redis' answer a platform is
/// called, and without Redis' memory nothing is kept.
struct AnswerCache: Sendable {
    let cache: ResponseCache
    let metrics: WorkerMetrics
    let clock: any WallClock
    let logger: Logger

    /// The plan with what the cache says; requests that are refused are not looked up.
    func consulted(_ plan: JobPlan) async -> JobPlan {
        guard let request = plan.request, plan.refusal == nil || plan.mayWait, let seconds = plan.cacheTTL, seconds > 0
        else { return plan }
        var plan = plan
        let key = CacheKey.make(tenant: plan.job.tenant, provider: plan.job.provider, request: request)
        var found: CachedAnswer?
        do throws(RedisError) { found = try await cache.answer(key) } catch { complain(error) }
        metrics.cacheAsked(isHit: found != nil)
        plan.cache = CachePlan(key: key, seconds: seconds, hit: found)
        return plan
    }

    /// What a stream is copied into, where its answer is to be kept.
    func copy(for plan: JobPlan) -> StreamCopy? {
        plan.cache.map { _ in StreamCopy(maxBytes: cache.limits.maxBytes) }
    }

    /// Keeps an answer that came to its end.
    ///
    /// Not one that a filter cut off, nor one of a fallback model: the next request may fare better.
    func keep(
        _ completion: ChatCompletionEnd, _ copy: StreamCopy?, of run: JobRun, _ record: AttemptRecord
    ) async {
        guard let plan = run.plan.cache, plan.hit == nil, completion.finishReason != "content_filter",
            run.plan.candidates?.options.contains(where: { $0.model.id == record.model }) == true
        else { return }
        let body =
            completion.body.isEmpty
            ? copy?.completion(id: run.attempt.id, created: clock.now / 1000, usage: record.usage) : completion.body
        guard let body else { return }
        let answer = CachedAnswer(
            model: record.model, upstreamModel: record.upstreamModel, finishReason: record.finishReason,
            usage: record.usage, body: body)
        do throws(RedisError) { try await cache.keep(answer, as: plan.key, seconds: plan.seconds) } catch {
            complain(error)
        }
    }

    private func complain(_ error: RedisError) {
        logger.debug("kept answers cannot be reached", metadata: ["error": "\(error)"])
    }
}

/// What a request asks of the cache, and what it found.
struct CachePlan: Sendable, Equatable {
    /// In the ledger, in place of a platform.
    static let provider = "cache"

    let key: String
    let seconds: Int
    let hit: CachedAnswer?
}

extension JobPlan {
    var hit: CachedAnswer? { cache?.hit }

    /// The request's own wish, else the shortest of the models it may mean.
    var cacheTTL: Int? { job.cacheTTL ?? candidates?.options.compactMap(\.model.cacheTTL).min() }
}

/// The deltas of a stream put together to a completion, as long as it may be small enough to be kept.
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

    /// `nil` for what is too large.
    func completion(id: String, created: Int64, usage: TokenUsage) -> [UInt8]? {
        let body = assembly?.completion(id: id, created: created, usage: usage.openAI).encoded
        return body.flatMap { $0.count <= maxBytes ? $0 : nil }
    }
}
