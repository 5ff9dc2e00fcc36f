import NIOCore
import Shared

/// Reads what is known of one request: its log, else its entry.
///
/// A request that has not begun has no log, unless it is tracked, so its entry is looked for.
struct JobInspection: Sendable {
    enum Outcome: Sendable {
        case known(JSON)
        /// There is none, or what is known of it has expired.
        case absent
        /// It has not begun, and its lane has more entries than a search looks at.
        case unseen
    }

    let id: String
    let queue: JobQueue

    func report(withBody isWithBody: Bool) async throws(RedisError) -> Outcome {
        try await report(of: try await queue.logEdges(id), withBody: isWithBody)
    }

    /// The same where the log has been read: `nil` is one that does not exist.
    func report(of edges: RequestLogEdges?, withBody isWithBody: Bool) async throws(RedisError) -> Outcome {
        if let edges, case .end(let end) = edges.last.record {
            return .known(try await ended(end, edges.first, isWithBody))
        }
        let outcome = try await QueueListing(queue: queue).find(id)
        let request = outcome.request
        guard let last = edges?.last ?? (request == nil ? nil : RequestLogEntry(id: .beginning, record: .unknown))
        else { return outcome == .unseen ? .unseen : .absent }
        let place = try await queue.place(of: id)
        let route = try await queue.usageSoFar(id)
        let room = try await queue.rooms().first { $0.name == request?.room }
        return .known(
            JobDetail.unended(
                JobReport.unended(id, last, place), request, route: route,
                waitsFor: room.map { RoomAccounts.names($0.spec) }))
    }

    private func ended(
        _ end: RequestEnd, _ first: RequestLogEntry, _ isWithBody: Bool
    ) async throws(RedisError) -> JSON {
        // An end that was written while the attempt still ran (a cancel, a lost worker) has no usage of its own.
        var end = end
        if end.meta.readableBytes <= 2, let known = try await queue.usageSoFar(id) {
            end = RequestEnd(status: end.status, meta: ByteBuffer(bytes: known.encoded), result: end.result)
        }
        guard end.status == .done else { return JobDetail.ended(JobReport.ended(id, end, end.result), first) }
        guard isWithBody else { return JobDetail.ended(JobReport.ended(id, end, ByteBuffer()), first) }
        let isStreamed = end.result.readableBytes == 0
        let body = isStreamed ? try await assembled(end) : end.result
        return JobDetail.ended(JobReport.ended(id, end, body), first, isWithBody: true)
    }

    /// The completion of a streamed answer, put together from its log.
    ///
    /// Empty where the log has ended its life meanwhile, since a part must not pass for the whole.
    private func assembled(_ end: RequestEnd) async throws(RedisError) -> ByteBuffer {
        var (assembly, last) = (CompletionAssembly(), RequestLogID.beginning)
        while true {
            let page = try await queue.readLog(id, after: last, count: 256)
            for entry in page {
                switch entry.record {
                case .started: assembly.restart()
                case .delta(let payload): assembly.add(payload.readableBytesView)
                case .end:
                    let usage = (try? JSON(parsing: Array(end.meta.readableBytesView)))?["usage"]
                    let whole = assembly.completion(id: id, created: SystemWallClock().now / 1000, usage: usage)
                    return ByteBuffer(bytes: whole.encoded)
                case .queued, .unknown: break
                }
                last = entry.id
            }
            if page.isEmpty { return ByteBuffer() }
        }
    }
}
