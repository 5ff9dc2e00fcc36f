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
        let limit = try Self.limit(request)
        let (kind, subject) = (Self.query("kind", request), Self.query("subject", request))
        do throws(PostgresError) {
            return .json(Self.page(try await audit.list(kind: kind, subject: subject, limit: limit)))
        } catch { throw APIError(error) }
    }

    private func raised(_ request: Request) async throws -> Response {
        let limit = try Self.limit(request)
        let isOpen = Self.query("open", request) ?? "false"
        guard isOpen == "true" || isOpen == "false" else {
            throw APIError.invalid("open", "open: expected true or false.")
        }
        do throws(PostgresError) {
            return .json(Self.page(try await alerts.list(onlyOpen: isOpen == "true", limit: limit).map(\.view)))
        } catch { throw APIError(error) }
    }

    private static func page(_ rows: [JSON]) -> JSON { ["object": "list", "data": .array(rows)] }

    private static func query(_ name: String, _ request: Request) -> String? {
        request.uri.queryParameters[name[...]].map(String.init)
    }

    private static func limit(_ request: Request) throws(APIError) -> Int {
        guard let text = query("limit", request) else { return 100 }
        guard let limit = Int(text), (1...1000).contains(limit) else {
            throw .invalid("limit", "limit: expected a whole number from 1 to 1000.")
        }
        return limit
    }
}
