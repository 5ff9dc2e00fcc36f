import HTTPTypes
import Hummingbird

/// Answers `/`, the dashboard, and `/assets/…`, the files that it loads.
///
/// It loads nothing from other hosts, has no script or style within its page, and browsers are told to refuse both.
struct DashboardRoutes: Sendable {
    let folder: DashboardFolder

    private static let policy =
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    func page(_ request: Request, _ context: ShimContext) async throws -> Response {
        try await answer(.page, request)
    }

    func file(_ request: Request, _ context: ShimContext) async throws -> Response {
        guard let name = AssetName(try context.pathID()) else { throw APIError.notFound("such file") }
        return try await answer(name, request)
    }

    private func answer(_ name: AssetName, _ request: Request) async throws -> Response {
        let file = try await folder.read(name)
        var response = Response.unlessKnown(file.bytes, type: name.ending.contentType, hash: file.hash, to: request)
        response.restrict(to: Self.policy)
        return response
    }
}
