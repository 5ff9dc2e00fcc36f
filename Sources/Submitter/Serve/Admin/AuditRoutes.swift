import Hummingbird
import Shared

/// Answers `GET /api/v1/audit`: the changes by people with their authors, newest first.
struct AuditRoutes: Sendable {
    let log: AuditLog

    func list(_ request: Request, _ context: ShimContext) async throws -> Response {
        let filters = try QueryFilters(request, ["kind", "subject", "limit"])
        let limit = try filters.limit()
        let kind: AuditKind? = try filters.choice("kind")
        do throws(PostgresError) {
            return .list(try await log.list(kind: kind, subject: filters["subject"], limit: limit))
        } catch { throw APIError(error) }
    }
}
