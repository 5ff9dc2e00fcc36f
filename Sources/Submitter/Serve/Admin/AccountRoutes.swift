import HTTPTypes
import Hummingbird
import Shared

/// `/api/v1/accounts`: the accounts at the platforms; keys go in, and never come out.
struct AccountRoutes: Sendable {
    let entries: CatalogRoutes
    let pings: AccountPings

    /// A ping waits for a worker, and the worker for the platform.
    private static let patience = Duration.seconds(15)

    func add(to table: inout RouteTable) {
        table.on(.get, "/api/v1/accounts") { request, _ in try await list(request) }
        entries.add(to: &table)
        table.on(.post, "/api/v1/accounts/:id/rotate-key") { try await rotateKey($0, $1) }
        table.on(.post, "/api/v1/accounts/:id/test") { _, context in try await test(context) }
    }

    /// `?provider=`, `?status=`.
    private func list(_ request: Request) async throws -> Response {
        let filters = try QueryFilters(request, ["provider", "status"])
        let wanted = [
            "provider": try (filters.choice("provider") as Provider?)?.rawValue,
            "status": try (filters.choice("status") as Account.Status?)?.rawValue,
        ]
        var views: [JSON]
        do throws(CatalogAdminError) { views = try await entries.admin.list(.account) } catch {
            guard case .database = error, let catalog = entries.models.catalog else { throw APIError(error) }
            views = catalog.views(.account)
        }
        for (name, value) in wanted where value != nil { views = views.filter { $0[name]?.stringValue == value } }
        return .json(["object": "list", "data": .array(views)])
    }

    private func rotateKey(_ request: Request, _ context: ShimContext) async throws -> Response {
        let (id, author) = (try context.entryID(), try CatalogRoutes.author(request))
        let key = Secret(try await entries.bodies.object(request).text("api_key"))
        do throws(CatalogAdminError) {
            return .json(try await entries.admin.rotateKey(account: id, to: key, by: author))
        } catch { throw APIError(error) }
    }

    /// 200 however the platform answered: it is the answer to the question.
    private func test(_ context: ShimContext) async throws -> Response {
        let id = try context.entryID()
        do throws(CatalogAdminError) { _ = try await entries.admin.get(.account, id) } catch {
            if case .notFound = error { throw APIError(error) }
            let isKnown = entries.models.catalog?.accounts.contains { $0.id == id } ?? false
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
