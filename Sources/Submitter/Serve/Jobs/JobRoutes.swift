import HTTPTypes
import Hummingbird
import NIOCore
import Shared

/// `/api/v1/jobs`: requests that are answered later, looked at, read as a stream, cancelled.
struct JobRoutes: Sendable {
    let shim: ShimParts

    func add(to table: inout RouteTable) {
        table.on(.post, "/api/v1/jobs") { try await create($0, $1) }
        table.on(.get, "/api/v1/jobs/:id") { request, context in
            try await named(context) { id async throws(APIError) in try await status(request, id) }
        }
        table.on(.delete, "/api/v1/jobs/:id") { request, context in
            try await named(context) { id async throws(APIError) in try await cancel(request, id) }
        }
        table.on(.get, "/api/v1/jobs/:id/stream") { request, context in
            try await named(context) { id async throws(APIError) in try await stream(request, context, id) }
        }
    }

    private func create(_ request: Request, _ context: ShimContext) async throws -> Response {
        let options = try RequestOptions(request.headers)
        let received = try await shim.bodies.json(request)
        var (call, _) = try shim.call(NativeRequest(received.json, allowsOpenAI: true), received, options: options)
        call.requestID = context.requestID
        let (id, isKnown) = try await shim.intake.enqueue(call)
        return try await named(id) { () async throws(APIError) in
            let known = isKnown ? try await report(id, tenant: call.tenant) : nil
            var response = known?.response(status: .accepted) ?? .json(JobReport.queued(id), status: .accepted)
            response.headers[.location] = JobReport.path(id)
            return response
        }
    }

    private func status(_ request: Request, _ id: String) async throws(APIError) -> Response {
        guard let report = try await report(id, tenant: RequestOptions(request.headers).tenant) else {
            throw APIError.notFound("such job")
        }
        return report.response()
    }

    private func cancel(_ request: Request, _ id: String) async throws(APIError) -> Response {
        let tenant = try RequestOptions(request.headers).tenant
        guard try await state(id, tenant: tenant) != nil else { throw APIError.notFound("such job") }
        _ = try await redis { () async throws(RedisError) in try await queue(id).cancel(id) }
        guard let report = try await report(id, tenant: tenant) else { throw APIError.notFound("such job") }
        return report.response()
    }

    /// Every answer about a job says which one, refusals too.
    private func named(
        _ context: ShimContext, _ answer: (String) async throws(APIError) -> Response
    ) async throws(APIError) -> Response {
        let id = try self.id(context)
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

    // MARK: - Reading

    private struct Found {
        let edges: RequestLogEdges
        let hold: LargeReads.Hold?
    }

    /// `nil` for a job that does not exist, or belongs to another tenant.
    ///
    /// A large answer is read in its turn, like those that callers wait for.
    private func state(_ id: String, tenant: String) async throws(APIError) -> Found? {
        let hub = shim.hub
        let tops = try await redis { () async throws(RedisError) in try await queue(id).logTops([id]) }
        guard let top = tops.first ?? nil else { return nil }
        let isLarge = top.bytes > QueueScripts.largestMessage
        let hold = isLarge ? await hub.largeReads.hold(top.bytes) : nil
        let edges = try await redis { () async throws(RedisError) in
            try await (isLarge ? hub.largeQueues : hub.queues)[id: id].logEdges(id)
        }
        guard let edges else { return nil }
        if case .queued(_, let owner, _) = edges.first.record, owner != tenant { return nil }
        return Found(edges: edges, hold: hold)
    }

    /// What is said of a job, and where it stands if it waits.
    private struct Report {
        let json: JSON
        var place: QueuePlace?
        var hold: LargeReads.Hold?

        func response(status: HTTPResponse.Status = .ok) -> Response {
            let body = ByteBuffer(bytes: json.encoded)
            var response = Response.json(body, status: status)
            if let hold { response.body = .inPieces(body, willWrite: {}, didWrite: { withExtendedLifetime(hold) {} }) }
            place?.set(in: &response.headers)
            return response
        }
    }

    private func report(_ id: String, tenant: String) async throws(APIError) -> Report? {
        guard let found = try await state(id, tenant: tenant) else { return nil }
        let edges = found.edges
        guard case .end(let end) = edges.last.record else {
            let place = try await redis { () async throws(RedisError) in try await queue(id).place(of: id) }
            return Report(json: JobReport.open(id, edges.last, place), place: place)
        }
        return Report(json: try await ended(id, end), hold: found.hold)
    }

    private func ended(_ id: String, _ end: RequestEnd) async throws(APIError) -> JSON {
        guard end.status == .done else { return JobReport.ended(id, try await booked(id, end), end.result) }
        guard end.result.readableBytes == 0 else { return JobReport.ended(id, end, end.result) }
        let usage = (try? JSON(parsing: Array(end.meta.readableBytesView)))?["usage"]
        let whole = try await assembly(id).completion(id: id, created: shim.intake.clock.now / 1000, usage: usage)
        return JobReport.ended(id, end, ByteBuffer(bytes: whole.encoded))
    }

    /// An end that was written while the attempt still ran (a cancel, a lost worker) says nothing of what was used: its log does.
    private func booked(_ id: String, _ end: RequestEnd) async throws(APIError) -> RequestEnd {
        guard end.meta.readableBytes <= 2 else { return end }
        let known = try await redis { () async throws(RedisError) in try await queue(id).usageSoFar(id) }
        let meta = known?.encoded ?? JSON.object(["usage": TokenUsage().openAI]).encoded
        return RequestEnd(status: end.status, meta: ByteBuffer(bytes: meta), result: end.result)
    }

    private func assembly(_ id: String) async throws(APIError) -> CompletionAssembly {
        var assembly = CompletionAssembly()
        var last = RequestLogID.beginning
        while true {
            let from = last
            let page = try await redis { () async throws(RedisError) in
                try await queue(id).readLog(id, after: from, count: 256)
            }
            for entry in page {
                switch entry.record {
                case .started: assembly.restart()
                case .delta(let payload): assembly.add(payload.readableBytesView)
                case .end: return assembly
                case .queued, .unknown: break
                }
                last = entry.id
            }
            if page.isEmpty { return assembly }
        }
    }

    // MARK: - Streaming

    private func stream(_ request: Request, _ context: ShimContext, _ id: String) async throws(APIError) -> Response {
        let after = try Self.cursor(request)
        let edges = try await state(id, tenant: RequestOptions(request.headers).tenant)?.edges
        guard edges != nil || shim.hub.isKnown(id) else { throw APIError.notFound("such job") }
        // Who asks for the head alone reads nothing: leaving at once must not cancel the request.
        if request.method == .head {
            return StreamedAnswer.response(id, ResponseBody { writer in try await writer.finish(nil) })
        }
        let lease = ReplyLease(
            shim.hub.open(
                id, .init(after: after, startsFromLog: true, expires: .now + .seconds(24 * 3600), resubmission: nil)),
            in: shim.hub, created: shim.intake.clock.now / 1000, leaving: Self.leaving(edges),
            connection: shim.connections.of(context.channel), isKnown: true)
        try await tellOwner(id, edges)
        let stream = EventStream(id: id, created: lease.created, includesUsage: false, style: .native)
        return try await StreamedAnswer(
            lease: lease, stream: stream, requestID: context.requestID, isResumed: after > .beginning
        ).response()
    }

    /// A tracked request belongs to its key or to the jobs API and runs on; another one now hangs on this caller.
    private static func leaving(_ edges: RequestLogEdges?) -> ReplyLease.Leaving {
        if case .queued? = edges?.first.record { return .goOn }
        return .cancelAfterGrace(canResume: true)
    }

    /// The shim that waits with a cancel must hear that the caller is back.
    private func tellOwner(_ id: String, _ edges: RequestLogEdges?) async throws(APIError) {
        guard case .started(let channel)? = edges?.first.record, !channel.isEmpty, channel != shim.hub.channel else {
            return
        }
        _ = try await redis { () async throws(RedisError) in
            try await queue(id).redis.send(
                RedisCommand("PUBLISH", .string(channel), .string(ReplyMessage.resumed(id))))
        }
    }

    private static func cursor(_ request: Request) throws(APIError) -> RequestLogID {
        let query = request.uri.queryParameters["last_event_id"].map(String.init)
        guard let text = request.headers[.lastEventID] ?? query, !text.isEmpty else { return .beginning }
        guard let id = RequestLogID(text) else {
            throw .invalid("Last-Event-ID", "Last-Event-ID: expected the id of an event of this stream.")
        }
        // Nothing can follow the end, and Redis refuses to read after it: read the end itself again.
        return min(id, RequestLogID(attempt: .max - 1, seq: .max))
    }

    // MARK: -

    /// Job ids, also in the form in which completions carry them.
    private func id(_ context: ShimContext) throws(APIError) -> String {
        let given = context.parameters.get("id") ?? ""
        let prefix = ModelCall.Style.idPrefixes.first { given.hasPrefix($0) } ?? ""
        let id = String(given.dropFirst(prefix.count))
        guard JobID.isValid(id), shim.hub.queues.queue(of: id) != nil else { throw .notFound("such job") }
        return id
    }

    private func queue(_ id: String) -> JobQueue { shim.hub.queues[id: id] }

    private func redis<Answer: Sendable>(
        _ operation: () async throws(RedisError) -> Answer
    ) async throws(APIError) -> Answer {
        do {
            return try await operation()
        } catch {
            throw APIError(
                .serviceUnavailable, .server, code: "queue_unavailable", "The queue cannot be reached at the moment.",
                retryAfter: .seconds(2))
        }
    }
}
