import Hummingbird
import Shared

/// Answers `GET /api/v1/alerts`, newest first.
struct AlertRoutes: Sendable {
    let store: AlertStore

    func list(_ request: Request, _ context: ShimContext) async throws -> Response {
        let filters = try QueryFilters(request, ["open", "limit"])
        let limit = try filters.limit()
        let isOpen = try filters.flag("open")
        do throws(PostgresError) {
            return .list(try await store.list(onlyOpen: isOpen, limit: limit).map(\.view))
        } catch { throw APIError(error) }
    }
}
