import HTTPTypes
import Hummingbird
import Shared

/// Answers what the paths of models and of accounts have in common: one row is read, made, replaced, edited, deleted,
/// enabled or disabled.
struct CatalogRoutes: Sendable {
    let kind: CatalogKind
    let admin: CatalogAdmin
    /// Answers while PostgreSQL is away.
    let models: any ModelLookup
    let bodies: BodyReader

    func create(_ request: Request, _ context: ShimContext) async throws -> Response {
        let (json, author) = try await given(request)
        var response = try await answer(status: .created) { () async throws(CatalogAdminError) in
            try await admin.create(kind, json, by: author)
        }
        if let id = json["id"]?.stringValue {
            response.headers[.location] = "/api/v1/\(kind.rawValue)s/\(PercentEncoding.encode(id))"
        }
        return response
    }

    func show(_ request: Request, _ context: ShimContext) async throws -> Response {
        let id = try context.pathID()
        do throws(CatalogAdminError) { return .json(try await admin.get(kind, id)) } catch {
            guard case .database = error else { throw APIError(error) }
            let known = models.catalog.map { $0.views(kind) } ?? []
            guard let view = known.first(where: { $0["id"]?.stringValue == id }) else { throw APIError(error) }
            return .json(view)
        }
    }

    func replace(_ request: Request, _ context: ShimContext) async throws -> Response {
        let (id, json, author) = try await change(request, context)
        return try await answer { () async throws(CatalogAdminError) in
            try await admin.replace(kind, id, json, by: author)
        }
    }

    func patch(_ request: Request, _ context: ShimContext) async throws -> Response {
        let (id, json, author) = try await change(request, context)
        return try await answer { () async throws(CatalogAdminError) in
            try await admin.patch(kind, id, json, by: author)
        }
    }

    func delete(_ request: Request, _ context: ShimContext) async throws -> Response {
        let (id, author) = (try context.pathID(), try Self.author(request))
        do throws(CatalogAdminError) { try await admin.delete(kind, id, by: author) } catch { throw APIError(error) }
        return Response(status: .noContent)
    }

    func enable(_ request: Request, _ context: ShimContext) async throws -> Response {
        try await setActive(true, request, context, reason: await bodies.object(request)["reason"]?.stringValue)
    }

    func disable(_ request: Request, _ context: ShimContext) async throws -> Response {
        try await setActive(false, request, context, reason: try await bodies.object(request).text("reason"))
    }

    private func change(
        _ request: Request, _ context: ShimContext
    ) async throws(APIError) -> (id: String, json: JSON, author: CatalogAdmin.Author) {
        let (json, author) = try await given(request)
        return (try context.pathID(), json, author)
    }

    /// The row's fields and their author.
    ///
    /// A `reason` beside them is not a field, but belongs to the audit log.
    private func given(_ request: Request) async throws(APIError) -> (JSON, CatalogAdmin.Author) {
        let author = try Self.author(request)
        let json = try await bodies.json(request).json
        guard var fields = json.objectValue, fields["reason"] != nil else { return (json, author) }
        let reason = try fields.text("reason")
        fields.remove("reason")
        return (.object(fields), try Self.author(request, reason: reason))
    }

    private func setActive(
        _ isActive: Bool, _ request: Request, _ context: ShimContext, reason: String?
    ) async throws -> Response {
        let (id, author) = (try context.pathID(), try Self.author(request, reason: reason))
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
    /// The body as an object, which is empty where there is no body.
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
    /// A text that may not be missing.
    func text(_ name: String) throws(APIError) -> String {
        guard let text = self[name]?.stringValue, (1...4096).contains(text.utf8.count), !text.utf8.contains(0) else {
            let isMissing = self[name] == nil
            throw .invalid(
                name, "\(name): expected a text.", code: isMissing ? "missing_required_parameter" : "invalid_value")
        }
        return text
    }
}
