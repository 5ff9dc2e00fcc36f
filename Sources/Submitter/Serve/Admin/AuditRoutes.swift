import Hummingbird
import Shared

/// Answers `GET /api/v1/audit`: the changes of the catalogue with their authors, newest first.
struct AuditRoutes: Sendable {
    let log: AuditLog

    func list(_ request: Request, _ context: ShimContext) async throws -> Response {
        let filters = try QueryFilters(request, ["kind", "subject", "limit"])
        let limit = try filters.limit()
        let kind: CatalogKind? = try filters.choice("kind")
        do throws(PostgresError) {
            return .list(try await log.list(kind: kind?.rawValue, subject: filters["subject"], limit: limit))
        } catch { throw APIError(error) }
    }
}
