import HTTPTypes
import Hummingbird
import Logging
import Shared

/// Registers handlers for paths, and answers requests that the router has no handler for.
struct RouteTable: Sendable {
    typealias Handler = @Sendable (Request, ShimContext) async throws -> Response

    struct Route: Sendable {
        /// As in `/api/v1/jobs/:id`.
        let path: String
        let method: HTTPRequest.Method
        let format: any ResponseFormat
        /// Made anew each time, for `/openapi.json` alone.
        let operation: @Sendable () -> APIOperation
        let handler: Handler

        /// As the router describes it, with `{id}`.
        var template: String { RouterPath(path).description }
    }

    /// For paths without a format of their own, and for those that do not exist.
    let format: any ResponseFormat
    private(set) var routes: [Route] = []

    init(format: any ResponseFormat) { self.format = format }

    /// `route` is method and path as in `"GET /api/v1/jobs/:id"`, and `operation` its entry in `/openapi.json`.
    mutating func on(
        _ route: String, in format: (any ResponseFormat)? = nil,
        _ operation: @autoclosure @escaping @Sendable () -> APIOperation, _ handler: @escaping Handler
    ) {
        let parts = route.split(separator: " ")
        guard parts.count == 2, let method = HTTPRequest.Method(rawValue: String(parts[0])) else {
            preconditionFailure("'\(route)' is not a method and a path")
        }
        routes.append(
            Route(
                path: String(parts[1]), method: method, format: format ?? self.format, operation: operation,
                handler: handler))
    }

    /// The format of the door that a path belongs to, whatever the method.
    func format(of path: String) -> any ResponseFormat { matches(path).first?.route.format ?? format }

    /// `isDraining`: answers ask their callers for another connection next time.
    func router(
        _ logger: Logger, _ registry: MetricsRegistry, _ tracer: Tracer?, isDraining: @escaping @Sendable () -> Bool
    ) -> Router<ShimContext> {
        let router = Router(context: ShimContext.self, options: .autoGenerateHeadEndpoints)
        router.add(
            middleware: ErrorMiddleware(
                table: self, metrics: HTTPMetrics(registry, self), tracer: tracer, logger: logger,
                isDraining: isDraining))
        for route in routes {
            router.on(RouterPath(route.path), method: route.method) { request, context in
                try await onPool(if: request.mayBeLong) { try await route.handler(request, context) }
            }
        }
        return router
    }

    /// Answers for an id with slashes in it, for OPTIONS, a wrong method, and a path that does not exist.
    func unrouted(_ request: Request, _ context: ShimContext) async throws -> Response {
        let path = request.uri.path
        let found = path == "*" && request.method == .options ? routes.map { ($0, nil) } : matches(path)
        guard !found.isEmpty else { throw APIError.notFound("such path") }
        let allow = Self.allow(found.map(\.route.method))
        if request.method == .options { return Response(status: .noContent, headers: [.allow: allow]) }
        let isHead = request.method == .head
        guard let match = found.first(where: { $0.route.method == (isHead ? .get : request.method) }),
            let id = match.id
        else {
            throw APIError(
                .methodNotAllowed, .invalidRequest, code: "method_not_allowed", "This path takes \(allow) only.",
                fields: [.allow: allow])
        }
        var context = context
        context.coreContext.parameters["id"] = id[...]
        context.coreContext.endpointPath.value = match.route.template
        let response = try await onPool(if: request.mayBeLong) { [context] in
            try await match.route.handler(request, context)
        }
        return isHead ? response.createHeadResponse() : response
    }

    private static func allow(_ methods: [HTTPRequest.Method]) -> String {
        var names = Set(methods.map(\.rawValue))
        names.insert("OPTIONS")
        if names.contains("GET") { names.insert("HEAD") }
        return names.sorted().joined(separator: ", ")
    }

    /// Routes for this path, with the id where it spans several segments: the longest words behind it first.
    private func matches(_ path: String) -> [(route: Route, id: String?)] {
        let parts = Self.parts(path)
        let exact = routes.filter { Self.matches(Self.parts($0.path), parts) }.map { ($0, nil as String?) }
        let spanning = routes.compactMap { route in
            Self.spanned(Self.parts(route.path), parts).map { (route: route, id: $0.joined(separator: "/")) }
        }
        return exact + spanning.sorted { $0.route.path.utf8.count > $1.route.path.utf8.count }.map { ($0.route, $0.id) }
    }

    private static func parts(_ path: String) -> [Substring] { path.split(separator: "/") }

    private static func matches(_ pattern: [Substring], _ parts: [Substring]) -> Bool {
        pattern.count == parts.count && zip(pattern, parts).allSatisfy { $0.hasPrefix(":") || $0 == $1 }
    }

    /// The segments that `:id` stands for, where they are more than one.
    private static func spanned(_ pattern: [Substring], _ parts: [Substring]) -> ArraySlice<Substring>? {
        guard parts.count > pattern.count, let place = pattern.firstIndex(of: ":id") else { return nil }
        let behind = pattern.count - place - 1
        guard parts.starts(with: pattern[..<place]), parts.suffix(behind).elementsEqual(pattern.suffix(behind)) else {
            return nil
        }
        return parts[place..<(parts.count - behind)]
    }
}

extension Request {
    /// Computing its answer may hold up the event loop: its body is large, packed, or of unknown size.
    fileprivate var mayBeLong: Bool {
        if headers[.contentEncoding] != nil { return true }
        guard let length = headers[.contentLength] else { return headers[.transferEncoding] != nil }
        return Int(length) ?? .max > largestOnLoop
    }
}
