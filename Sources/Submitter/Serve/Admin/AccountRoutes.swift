import HTTPTypes
import Hummingbird
import Shared

/// Answers `/api/v1/accounts`: the accounts at the platforms.
///
/// Keys go in, and never come out.
struct AccountRoutes: Sendable {
    let rows: CatalogRoutes
    let pings: AccountPings

    /// A ping waits for a worker, and the worker for the platform.
    private static let patience = Duration.seconds(15)

    /// `?provider=`, `?status=`.
    func list(_ request: Request, _ context: ShimContext) async throws -> Response {
        let filters = try QueryFilters(request, ["provider", "status"])
        let wanted = [
            "provider": try (filters.choice("provider") as Provider?)?.rawValue,
            "status": try (filters.choice("status") as Account.Status?)?.rawValue,
        ]
        var views: [JSON]
        do throws(CatalogAdminError) { views = try await rows.admin.list(.account) } catch {
            guard case .database = error, let catalog = rows.models.catalog else { throw APIError(error) }
            views = catalog.views(.account)
        }
        for (name, value) in wanted where value != nil { views = views.filter { $0[name]?.stringValue == value } }
        return .list(views)
    }

    func rotateKey(_ request: Request, _ context: ShimContext) async throws -> Response {
        let (id, author) = (try context.pathID(), try CatalogRoutes.author(request))
        let key = Secret(try await rows.bodies.object(request).text("api_key"))
        do throws(CatalogAdminError) {
            return .json(try await rows.admin.rotateKey(account: id, to: key, by: author))
        } catch { throw APIError(error) }
    }

    /// 200 however the platform answered, because that is the answer to the question.
    func test(_ request: Request, _ context: ShimContext) async throws -> Response {
        let id = try context.pathID()
        do throws(CatalogAdminError) { _ = try await rows.admin.get(.account, id) } catch {
            if case .notFound = error { throw APIError(error) }
            let isKnown = rows.models.catalog?.accounts.contains { $0.id == id } ?? false
            guard isKnown else { throw APIError(error) }
        }
        guard let answer = try await ping(id) else {
            throw APIError(
                .serviceUnavailable, .server, code: "no_worker", "No worker tried the account in time.",
                retryAfter: .seconds(5))
        }
        return .json(answer)
    }

    private func ping(_ id: String) async throws(APIError) -> JSON? {
        do throws(RedisError) { return try await pings.ask(account: id, patience: Self.patience) } catch {
            throw APIError(
                .serviceUnavailable, .server, code: "queue_unavailable", "Redis cannot be reached at the moment.",
                retryAfter: .seconds(2))
        }
    }
}
