import HTTPTypes
import Hummingbird
import Logging

/// The table of paths: registers the handlers, and knows afterwards which methods a path has.
struct RouteTable: Sendable {
    typealias Handler = @Sendable (Request, ShimContext) async throws -> Response

    struct Entry: Sendable {
        /// As in `/api/v1/jobs/:id`.
        let path: String
        let method: HTTPRequest.Method
        let handler: Handler
    }

    private(set) var entries: [Entry] = []

    mutating func on(_ method: HTTPRequest.Method, _ path: String, _ handler: @escaping Handler) {
        entries.append(Entry(path: path, method: method, handler: handler))
    }

    /// `isDraining`: whether answers ask their callers for another connection next time.
    func router(_ logger: Logger, isDraining: @escaping @Sendable () -> Bool) -> Router<ShimContext> {
        let router = Router(context: ShimContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: Edge(table: self, logger: logger, isDraining: isDraining))
        for entry in entries { router.on(RouterPath(entry.path), method: entry.method, use: entry.handler) }
        return router
    }

    /// Why the router found nothing: 405 where only the method is wrong, else 404.
    func missing(_ request: Request) -> APIError {
        let parts = Self.parts(request.uri.path)
        var methods = entries.filter { Self.matches(Self.parts($0.path), parts) }.map(\.method.rawValue)
        if methods.contains("GET") { methods.append("HEAD") }
        guard !methods.isEmpty else { return .notFound("such path") }
        let allow = methods.sorted().joined(separator: ", ")
        return APIError(
            .methodNotAllowed, .invalidRequest, code: "method_not_allowed", "This path takes \(allow) only.",
            allow: allow)
    }

    private static func parts(_ path: String) -> [Substring] { path.split(separator: "/") }

    private static func matches(_ pattern: [Substring], _ parts: [Substring]) -> Bool {
        pattern.count == parts.count && zip(pattern, parts).allSatisfy { $0.hasPrefix(":") || $0 == $1 }
    }
}
