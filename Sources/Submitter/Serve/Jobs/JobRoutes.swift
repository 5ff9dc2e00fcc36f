import CoreMetrics
import HTTPTypes
import Hummingbird
import NIOCore
import Shared

/// Answers `/api/v1/jobs`: requests that are answered later are made, looked at, read as a stream and cancelled.
struct JobRoutes: Sendable {
    let shim: ShimParts
    private let jobs: JobReader

    init(shim: ShimParts) {
        self.shim = shim
        jobs = JobReader(hub: shim.hub, clock: shim.submission.clock)
    }

    func create(_ request: Request, _ context: ShimContext) async throws -> Response {
        let received = try await shim.receive(request, context)
        let call = try shim.call(NativeRequest(received.body.json, allowsOpenAI: true), of: received)
        let (id, isKnown) = try await shim.submission.enqueue(call)
        return try await named(id) { () async throws(APIError) in
            var response = Response.json(JobReport.queued(id), status: .accepted)
            if isKnown {
                // Its log has just ended its life: to call it queued would promise an answer that never comes.
                guard let known = try await jobs.report(id, tenant: call.tenant) else { throw .notFound("such job") }
                response = known.response(status: .accepted)
            }
            response.headers[.location] = JobReport.path(id)
            return response
        }
    }

    func show(_ request: Request, _ context: ShimContext) async throws -> Response {
        try await named(context) { id async throws(APIError) in
            guard let report = try await jobs.report(id, tenant: RequestOptions(request.headers).tenant) else {
                throw APIError.notFound("such job")
            }
            return report.response()
        }
    }

    func cancel(_ request: Request, _ context: ShimContext) async throws -> Response {
        try await named(context) { id async throws(APIError) in
            let tenant = try RequestOptions(request.headers).tenant
            guard try await jobs.find(id, tenant: tenant) != nil else { throw APIError.notFound("such job") }
            _ = try await jobs.redis { () async throws(RedisError) in try await jobs.queue(id).cancel(id) }
            guard let report = try await jobs.report(id, tenant: tenant) else { throw APIError.notFound("such job") }
            return report.response()
        }
    }

    func stream(_ request: Request, _ context: ShimContext) async throws -> Response {
        try await named(context) { id async throws(APIError) in try await stream(request, context, id) }
    }

    // MARK: - Ids

    /// Has every answer about a job say which one, refusals too.
    private func named(
        _ context: ShimContext, _ answer: (String) async throws(APIError) -> Response
    ) async throws(APIError) -> Response {
        let id = try jobs.id(context)
        return try await named(id) { () async throws(APIError) in try await answer(id) }
    }

    private func named(
        _ id: String, _ answer: () async throws(APIError) -> Response
    ) async throws(APIError) -> Response {
        do throws(APIError) {
            var response = try await answer()
            response.headers[.xJobID] = id
            return response
        } catch { throw error.about(job: id) }
    }

    // MARK: - Streaming

    private func stream(_ request: Request, _ context: ShimContext, _ id: String) async throws(APIError) -> Response {
        let after = try Self.cursor(request)
        let isWatch = try QueryFilters(lenient: request).flag("watch")
        let edges = try await jobs.find(id, tenant: RequestOptions(request.headers).tenant)?.edges
        guard edges != nil || shim.hub.isKnown(id) else { throw APIError.notFound("such job") }
        // A request for the head alone reads nothing, so its leaving must not cancel the job.
        if request.method == .head {
            return StreamedAnswer.response(id, ResponseBody { writer in try await writer.finish(nil) })
        }
        let options = ReplySubscription.Options(
            after: after, startsFromLog: true, expires: .now + .seconds(24 * 3600), resubmission: nil,
            isCaller: !isWatch, isWatcher: isWatch)
        let lease = ReplyLease(
            shim.hub.subscribe(to: id, options), in: shim.hub, created: jobs.clock.now / 1000,
            leaving: isWatch ? .goOn : Self.leaving(edges), connection: shim.connections.of(context.channel), isKnown: true)
        if !isWatch { try await tellOwner(id, edges) }
        if after > .beginning, !isWatch { shim.resumes.increment() }
        let start = StreamStart(id: id, created: lease.created, requestID: context.requestID)
        return try await StreamedAnswer(
            lease: lease, events: NativeFormat().stream(start), isResumed: after > .beginning
        ).response()
    }

    /// A tracked request belongs to its key or to the jobs API and runs on.
    ///
    /// Any other one depends on this caller now.
    private static func leaving(_ edges: RequestLogEdges?) -> ReplyLease.Leaving {
        if case .queued? = edges?.first.record { return .goOn }
        return .cancelAfterGrace(canResume: true)
    }

    /// Tells the shim that is about to cancel the request that the caller is back.
    private func tellOwner(_ id: String, _ edges: RequestLogEdges?) async throws(APIError) {
        guard case .started(let channel)? = edges?.first.record, !channel.isEmpty, channel != shim.hub.channel else {
            return
        }
        _ = try await jobs.redis { () async throws(RedisError) in
            try await jobs.queue(id).redis.send(
                RedisCommand("PUBLISH", .string(channel), .string(ReplyMessage.resumed(id))))
        }
    }

    private static func cursor(_ request: Request) throws(APIError) -> RequestLogID {
        let query = request.uri.queryParameters["last_event_id"].map(String.init)
        guard let text = request.headers[.lastEventID] ?? query, !text.isEmpty else { return .beginning }
        guard let id = RequestLogID(text) else {
            throw .invalid("Last-Event-ID", "Last-Event-ID: expected the id of an event of this stream.")
        }
        // Nothing can follow the end, and Redis refuses to read after it. Read the end itself again.
        return min(id, RequestLogID(attempt: .max - 1, seq: .max))
    }
}
