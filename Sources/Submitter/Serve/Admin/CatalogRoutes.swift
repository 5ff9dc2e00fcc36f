import HTTPTypes
import Hummingbird
import Shared

/// What models and accounts have in common in the API: one entry read, made, replaced, edited, deleted, enabled, disabled.
struct CatalogRoutes: Sendable {
    let kind: CatalogKind
    let admin: CatalogAdmin
    /// Answers while PostgreSQL is away.
    let models: any ModelLookup
    let bodies: BodyReader

    func add(to table: inout RouteTable) {
        let path = "/api/v1/\(kind.rawValue)s"
        table.on(.post, path) { try await create($0, $1) }
        table.on(.get, path + "/:id") { _, context in try await show(context) }
        table.on(.put, path + "/:id") { request, context in
            let (id, json, author) = try await change(request, context)
            return try await answer { () async throws(CatalogAdminError) in
                try await admin.replace(kind, id, json, by: author)
            }
        }
        table.on(.patch, path + "/:id") { request, context in
            let (id, json, author) = try await change(request, context)
            return try await answer { () async throws(CatalogAdminError) in
                try await admin.patch(kind, id, json, by: author)
            }
        }
        table.on(.delete, path + "/:id") { try await delete($0, $1) }
        table.on(.post, path + "/:id/enable") { request, context in
            try await setActive(true, request, context, reason: await bodies.object(request)["reason"]?.stringValue)
        }
        table.on(.post, path + "/:id/disable") { request, context in
            let reason = try await bodies.object(request).text("reason")
            return try await setActive(false, request, context, reason: reason)
        }
    }

    private func create(_ request: Request, _ context: ShimContext) async throws -> Response {
        let (json, author) = try await given(request)
        var response = try await answer(status: .created) { () async throws(CatalogAdminError) in
            try await admin.create(kind, json, by: author)
        }
        if let id = json["id"]?.stringValue { response.headers[.location] = "/api/v1/\(kind.rawValue)s/\(id.inPath)" }
        return response
    }

    private func show(_ context: ShimContext) async throws -> Response {
        let id = try context.entryID()
        do throws(CatalogAdminError) { return .json(try await admin.get(kind, id)) } catch {
            guard case .database = error else { throw APIError(error) }
            let known = models.catalog.map { $0.views(kind) } ?? []
            guard let view = known.first(where: { $0["id"]?.stringValue == id }) else { throw APIError(error) }
            return .json(view)
        }
    }

    private func change(
        _ request: Request, _ context: ShimContext
    ) async throws(APIError) -> (id: String, json: JSON, author: CatalogAdmin.Author) {
        let (json, author) = try await given(request)
        return (try context.entryID(), json, author)
    }

    /// The fields, and who gives them: `reason` beside them is no field, but why.
    private func given(_ request: Request) async throws(APIError) -> (JSON, CatalogAdmin.Author) {
        let author = try Self.author(request)
        let json = try await bodies.json(request).json
        guard var fields = json.objectValue, fields["reason"] != nil else { return (json, author) }
        let reason = try fields.text("reason")
        fields.remove("reason")
        return (.object(fields), try Self.author(request, reason: reason))
    }

    private func delete(_ request: Request, _ context: ShimContext) async throws -> Response {
        let (id, author) = (try context.entryID(), try Self.author(request))
        do throws(CatalogAdminError) { try await admin.delete(kind, id, by: author) } catch { throw APIError(error) }
        return Response(status: .noContent)
    }

    private func setActive(
        _ isActive: Bool, _ request: Request, _ context: ShimContext, reason: String?
    ) async throws -> Response {
        let (id, author) = (try context.entryID(), try Self.author(request, reason: reason))
        return try await answer { () async throws(CatalogAdminError) in
            try await admin.setActive(kind, id, isActive, by: author)
        }
    }

    private func answer(
        status: HTTPResponse.Status = .ok, _ work: () async throws(CatalogAdminError) -> JSON
    ) async throws(APIError) -> Response {
        do throws(CatalogAdminError) { return .json(try await work(), status: status) } catch { throw APIError(error) }
    }

    /// `X-Actor`, as the audit log shows it.
    static func author(_ request: Request, reason: String? = nil) throws(APIError) -> CatalogAdmin.Author {
        let actor = request.headers[.xActor] ?? "api"
        guard (1...128).contains(actor.utf8.count), actor.utf8.allSatisfy({ (32...126).contains($0) }) else {
            throw .invalid("X-Actor", "X-Actor: expected 1 to 128 printable ASCII characters.")
        }
        return CatalogAdmin.Author(actor, reason: reason)
    }
}

extension CatalogSnapshot {
    func views(_ kind: CatalogKind) -> [JSON] {
        kind == .model ? models.map(\.view) : accounts.map(\.view)
    }
}

extension BodyReader {
    /// An object; an empty one where there is no body.
    func object(_ request: Request) async throws(APIError) -> JSONObject {
        let length = request.headers[.contentLength].flatMap { Int($0) } ?? 0
        if length == 0, request.headers[.transferEncoding] == nil { return [:] }
        guard let object = try await json(request).json.objectValue else {
            throw .invalid(nil, "The request body is not valid: expected an object.", code: "invalid_type")
        }
        return object
    }
}

extension JSONObject {
    /// A text that must be there.
    func text(_ name: String) throws(APIError) -> String {
        guard let text = self[name]?.stringValue, (1...4096).contains(text.utf8.count), !text.utf8.contains(0) else {
            let isMissing = self[name] == nil
            throw .invalid(
                name, "\(name): expected a text.", code: isMissing ? "missing_required_parameter" : "invalid_value")
        }
        return text
    }
}

extension HTTPField.Name {
    static let xActor: HTTPField.Name = {
        guard let name = HTTPField.Name("x-actor") else { preconditionFailure("'x-actor' is a header name") }
        return name
    }()
}
