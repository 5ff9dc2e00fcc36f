import Hummingbird
import Shared

/// `GET /api/v1/audit` and `GET /api/v1/alerts`: what was changed by whom, and what people should know of; newest first.
struct RecordRoutes: Sendable {
    let audit: AuditLog
    let alerts: AlertStore

    func add(to table: inout RouteTable) {
        table.on(.get, "/api/v1/audit") { request, _ in try await audited(request) }
        table.on(.get, "/api/v1/alerts") { request, _ in try await raised(request) }
    }

    private func audited(_ request: Request) async throws -> Response {
        let filters = try QueryFilters(request, ["kind", "subject", "limit"])
        let limit = try Self.limit(filters)
        let kind: CatalogKind? = try filters.choice("kind")
        do throws(PostgresError) {
            return .json(
                Self.page(try await audit.list(kind: kind?.rawValue, subject: filters["subject"], limit: limit)))
        } catch { throw APIError(error) }
    }

    private func raised(_ request: Request) async throws -> Response {
        let filters = try QueryFilters(request, ["open", "limit"])
        let limit = try Self.limit(filters)
        let isOpen = filters["open"] ?? "false"
        guard isOpen == "true" || isOpen == "false" else {
            throw APIError.invalid("open", "open: expected true or false.")
        }
        do throws(PostgresError) {
            return .json(Self.page(try await alerts.list(onlyOpen: isOpen == "true", limit: limit).map(\.view)))
        } catch { throw APIError(error) }
    }

    private static func page(_ rows: [JSON]) -> JSON { ["object": "list", "data": .array(rows)] }

    private static func limit(_ filters: QueryFilters) throws(APIError) -> Int {
        guard let text = filters["limit"] else { return 100 }
        guard let limit = Int(text), (1...1000).contains(limit) else {
            throw .invalid("limit", "limit: expected a whole number from 1 to 1000.")
        }
        return limit
    }
}
