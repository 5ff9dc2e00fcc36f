import HTTPTypes
import Hummingbird
import Shared

/// Answers `/api/v1/budgets`: budgets are made, changed and removed, and shown with what is spent.
struct BudgetRoutes: Sendable {
    let store: BudgetStore
    let admin: BudgetAdmin
    let bodies: BodyReader

    /// `?tenant=`, `?after=` an id, `?limit=`.
    ///
    /// By id.
    func list(_ request: Request, _ context: ShimContext) async throws -> Response {
        let filters = try QueryFilters(request, ["tenant", "after", "limit"])
        let limit = try filters.limit()
        if let after = filters["after"], !BudgetDraft.isID(after) {
            throw APIError.invalid("after", "after: expected the id of a budget.")
        }
        do throws(PostgresError) {
            // One more tells whether there are more.
            let found = try await store.list(tenant: filters["tenant"], after: filters["after"], limit: limit + 1)
            return .json([
                "object": "list", "data": .array(found.prefix(limit).map(\.view)),
                "has_more": .bool(found.count > limit),
            ])
        } catch { throw APIError(error) }
    }

    func show(_ request: Request, _ context: ShimContext) async throws -> Response {
        let id = try context.pathID()
        do throws(PostgresError) {
            if let state = try await store.get(id) { return .json(state.view) }
        } catch { throw APIError(error) }
        throw APIError.notFound("such budget")
    }

    func create(_ request: Request, _ context: ShimContext) async throws -> Response {
        let (fields, author) = try await given(request)
        guard let id = fields["id"]?.stringValue, BudgetDraft.isID(id) else {
            throw APIError.invalid(
                "id", "id: expected 1 to \(Bounds.id) letters, digits, dots, underscores or hyphens.",
                code: fields["id"] == nil ? "missing_required_parameter" : "invalid_value")
        }
        var response = try await put(id, fields, .create, author, status: .created)
        response.headers[.location] = "/api/v1/budgets/\(PercentEncoding.encode(id))"
        return response
    }

    func replace(_ request: Request, _ context: ShimContext) async throws -> Response {
        let (fields, author) = try await given(request)
        return try await put(try context.pathID(), fields, .replace, author)
    }

    func patch(_ request: Request, _ context: ShimContext) async throws -> Response {
        let (fields, author) = try await given(request)
        return try await put(try context.pathID(), fields, .patch, author)
    }

    func delete(_ request: Request, _ context: ShimContext) async throws -> Response {
        let (id, author) = (try context.pathID(), try CatalogRoutes.author(request))
        do throws(BudgetError) { try await admin.remove(id, by: author) } catch { throw APIError(error) }
        return Response(status: .noContent)
    }

    private func put(
        _ id: String, _ fields: JSONObject, _ style: BudgetAdmin.Style, _ author: CatalogAdmin.Author,
        status: HTTPResponse.Status = .ok
    ) async throws(APIError) -> Response {
        do throws(BudgetError) {
            return .json(try await admin.put(id, fields, style, by: author).view, status: status)
        } catch { throw APIError(error) }
    }

    /// The members and their author.
    ///
    /// A `reason` beside them belongs to the audit log.
    private func given(_ request: Request) async throws(APIError) -> (JSONObject, CatalogAdmin.Author) {
        var fields = try await bodies.object(request)
        guard fields["reason"] != nil else { return (fields, try CatalogRoutes.author(request)) }
        let reason = try fields.text("reason")
        fields.remove("reason")
        return (fields, try CatalogRoutes.author(request, reason: reason))
    }
}

extension APIError {
    init(_ error: BudgetError) {
        switch error {
        case .invalid(let mistake):
            self = .invalid(mistake.field, "\(mistake).")
        case .notFound: self = .notFound("such budget")
        case .conflict:
            self.init(
                .conflict, .invalidRequest, code: "already_exists", "There is a budget with this id already.",
                param: "id")
        case .database(let error): self.init(error)
        }
    }
}
