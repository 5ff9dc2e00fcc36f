import Hummingbird
import Logging
import Shared

/// Answers `/api/v1/alerts`: alerts are listed, and silenced for a time.
struct AlertRoutes: Sendable {
    let store: AlertStore
    let silences: AlertSilences
    let bodies: BodyReader
    let logger: Logger

    /// `?open=`, `?kind=`, `?before=` an id, `?limit=`.
    ///
    /// Newest first.
    func list(_ request: Request, _ context: ShimContext) async throws -> Response {
        let filters = try QueryFilters(request, ["open", "kind", "before", "limit"])
        let limit = try filters.limit()
        let isOpen = try filters.flag("open")
        let kind: AlertKind? = try filters.choice("kind")
        let before = try Self.before(filters)
        let (alerts, isPlace): ([Alert], Bool)
        do throws(PostgresError) {
            // One more tells whether there are more.
            alerts = try await store.list(onlyOpen: isOpen, kind: kind?.rawValue, before: before, limit: limit + 1)
            isPlace = if alerts.isEmpty, let before { try await store.exists(before) } else { true }
        } catch { throw APIError(error) }
        guard isPlace else { throw Self.noSuchAlert }
        return .json([
            "object": "list", "data": .array(alerts.prefix(limit).map(\.view)),
            "has_more": .bool(alerts.count > limit),
        ])
    }

    private static func before(_ filters: QueryFilters) throws(APIError) -> Int64? {
        guard let text = filters["before"] else { return nil }
        guard let id = Int64(text), id > 0 else { throw noSuchAlert }
        return id
    }

    private static let noSuchAlert = APIError.invalid("before", "before: expected the id of an alert.")

    // MARK: - Silences

    /// `?limit=`.
    ///
    /// The next to end first.
    func listSilences(_ request: Request, _ context: ShimContext) async throws -> Response {
        let limit = try QueryFilters(request, ["limit"]).limit()
        do throws(PostgresError) {
            return .list(try await silences.list(limit: limit).map(\.view))
        } catch { throw APIError(error) }
    }

    /// Takes a `SilenceBody`.
    func silence(_ request: Request, _ context: ShimContext) async throws -> Response {
        let actor = try CatalogRoutes.author(request).actor
        let draft = try SilenceBody(try await bodies.object(request), now: SystemWallClock().now).draft
        do throws(PostgresError) {
            let silence = try await silences.add(draft, actor: actor)
            logger.notice("alerts are silenced", metadata: [LogKey.object: "\(silence.id)"])
            return .json(silence.view, status: .created)
        } catch { throw APIError(error) }
    }

    func endSilence(_ request: Request, _ context: ShimContext) async throws -> Response {
        guard let id = Int64(try context.pathID()) else { throw APIError.notFound("such silence") }
        let isThere: Bool
        do throws(PostgresError) { isThere = try await silences.end(id) } catch { throw APIError(error) }
        guard isThere else { throw APIError.notFound("such silence") }
        logger.notice("alerts are silenced no longer", metadata: [LogKey.object: "\(id)"])
        return Response(status: .noContent)
    }
}
