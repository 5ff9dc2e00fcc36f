import HTTPTypes
import Hummingbird
import NIOCore
import Shared

/// Reads jobs from their logs, for reports.
struct JobReader: Sendable {
    let hub: ReplyHub
    let clock: any WallClock

    /// The two ends of a job's log.
    struct Found {
        let edges: RequestLogEdges
        let hold: LargeReads.Hold?
    }

    /// `nil` for a job that does not exist, or belongs to another tenant.
    ///
    /// A large answer is read in its turn, like those that callers wait for.
    func find(_ id: String, tenant: String) async throws(APIError) -> Found? {
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

    /// The report of a job, and its place if it waits.
    struct Report {
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

    /// `nil` as in `find`.
    func report(_ id: String, tenant: String) async throws(APIError) -> Report? {
        guard let found = try await find(id, tenant: tenant) else { return nil }
        return try await report(id, found)
    }

    /// `nil` where the log of an answer has ended its life since it was found.
    func report(_ id: String, _ found: Found) async throws(APIError) -> Report? {
        let edges = found.edges
        guard case .end(let end) = edges.last.record else {
            let place = try await redis { () async throws(RedisError) in try await queue(id).place(of: id) }
            return Report(json: JobReport.unended(id, edges.last, place), place: place)
        }
        return try await ended(id, end).map { Report(json: $0, hold: found.hold) }
    }

    private func ended(_ id: String, _ end: RequestEnd) async throws(APIError) -> JSON? {
        guard end.status == .done else { return JobReport.ended(id, try await booked(id, end), end.result) }
        guard end.result.readableBytes == 0 else { return JobReport.ended(id, end, end.result) }
        guard let assembly = try await assembly(id) else { return nil }
        let usage = (try? JSON(parsing: Array(end.meta.readableBytesView)))?["usage"]
        let whole = assembly.completion(id: id, created: clock.now / 1000, usage: usage)
        return JobReport.ended(id, end, ByteBuffer(bytes: whole.encoded))
    }

    /// Adds usage from the log to an end that was written while the attempt still ran (a cancel, a lost worker).
    private func booked(_ id: String, _ end: RequestEnd) async throws(APIError) -> RequestEnd {
        guard end.meta.readableBytes <= 2 else { return end }
        let known = try await redis { () async throws(RedisError) in try await queue(id).usageSoFar(id) }
        let meta = known?.encoded ?? JSON.object(["usage": TokenUsage().openAI]).encoded
        return RequestEnd(status: end.status, meta: ByteBuffer(bytes: meta), result: end.result)
    }

    /// Puts a streamed answer together from its log.
    ///
    /// `nil` where the log is gone before its end was read, because a part of an answer must not pass for the whole.
    private func assembly(_ id: String) async throws(APIError) -> CompletionAssembly? {
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
            if page.isEmpty { return nil }
        }
    }

    // MARK: - Ids

    /// The job id in the path, also in the form in which completions carry them.
    func id(_ context: ShimContext) throws(APIError) -> String {
        let given = context.parameters.get("id") ?? ""
        let prefix = [ChatFormat.idPrefix, TextFormat.idPrefix].first { given.hasPrefix($0) } ?? ""
        let id = String(given.dropFirst(prefix.count))
        guard JobID.isValid(id), hub.queues.queue(of: id) != nil else { throw .notFound("such job") }
        return id
    }

    // MARK: - Redis

    func queue(_ id: String) -> JobQueue { hub.queues[id: id] }

    func redis<Answer: Sendable>(
        _ operation: () async throws(RedisError) -> Answer
    ) async throws(APIError) -> Answer {
        do { return try await operation() } catch { throw .queueUnavailable }
    }
}
