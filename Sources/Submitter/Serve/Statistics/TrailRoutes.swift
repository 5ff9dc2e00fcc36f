import Hummingbird
import Shared

/// Answers `GET /api/v1/jobs/{id}/trail`: the attempts of a job, and when it was queued, claimed and answered.
///
/// Shows no prompt and no answer. A job of another tenant is unknown, as everywhere in the jobs API.
struct TrailRoutes: Sendable {
    let jobs: JobReader
    let log: UsageLog

    func show(_ request: Request, _ context: ShimContext) async throws -> Response {
        let tenant = try RequestOptions(request.headers).tenant
        let id = try jobs.id(context)
        let trail = try await trail(of: id, tenant: tenant)
        guard let trail else { throw APIError.notFound("such job").about(job: id) }
        var response = Response.json(trail.json)
        response.headers[.xJobID] = id
        return response
    }

    private func trail(of id: String, tenant: String) async throws(APIError) -> JobTrail? {
        let found = try await jobs.find(id, tenant: tenant)
        // A large answer is held in its turn until its end has been read.
        defer { withExtendedLifetime(found?.hold) {} }
        let inspection = JobInspection(id: id, queue: jobs.queue(id))
        let (outcome, last) = try await jobs.redis { () async throws(RedisError) in
            (
                try await inspection.report(of: found?.edges, withBody: false),
                try await inspection.queue.lastAttempt(id)
            )
        }
        var report: JSON?
        if case .known(let known) = outcome { report = known }
        if let owner = report?["tenant"]?.stringValue, owner != tenant { return nil }
        let booked = try await ledger { try await log.attempts(of: id, tenant: tenant) }
        guard report != nil || !booked.isEmpty else { return nil }
        return JobTrail(
            id: id, report: report, booked: booked,
            running: last.map { JobTrail.Running(number: Int(clamping: $0.number), record: $0.record) })
    }
}
