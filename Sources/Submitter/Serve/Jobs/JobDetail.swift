import Shared

/// Adds to the report of the jobs API what only an operator sees (pure).
enum JobDetail {
    /// Lane, worker, room and times of a request that has not ended, and its route so far.
    static func unended(_ report: JSON, _ request: QueuedRequest?, route: AnswerMeta?, waitsFor: [String]?) -> JSON {
        guard var detail = report.objectValue else { return report }
        if let request {
            detail.set("state", .string(request.state.rawValue))
            detail.set("lane", .string(request.lane.rawValue))
            for (name, text) in [("tenant", request.tenant), ("model", request.model), ("worker", request.worker)] {
                if let text { detail.set(name, .string(text)) }
            }
            let times = [
                ("enqueued_at", request.enqueuedAt), ("due_at", request.due), ("deadline_at", request.deadline),
            ]
            for (name, time) in times { if let time { detail.set(name, .number(JSONNumber(time))) } }
            if request.state != .running { detail.set("status", "queued") }
            detail.set("attempt", .int(request.attempts))
            if let problem = request.problem { detail.set("problem", .string(problem)) }
        }
        if let waitsFor { detail.set("waits_for", .array(waitsFor.map { .string($0) })) }
        if let route, request?.state == .running {
            detail.set("provider", .string(route.provider))
            detail.set("account", .string(route.account))
            detail.set("usage", route.usage.openAI)
            detail.set("usage_estimated", true)
        }
        return .object(detail)
    }

    /// The report of a request that has ended, without its answer unless it was asked for.
    static func ended(_ report: JSON, _ first: RequestLogEntry, isWithBody: Bool = false) -> JSON {
        guard var detail = report.objectValue else { return report }
        if case .queued(_, let tenant, _) = first.record, !tenant.isEmpty { detail.set("tenant", .string(tenant)) }
        if !isWithBody { detail.remove("result") }
        return .object(detail)
    }
}
